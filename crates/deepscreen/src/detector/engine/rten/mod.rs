//! The embedded engine: rten, Rust alone, always there.

mod depthwise;
mod stages;

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ndarray::{ArrayD, ArrayViewD, Axis, IxDyn, concatenate};
use rten::{LoadError, Model, ModelOptions, NodeId, RunOptions, ThreadPool, Value, ValueView};
use rten_onnx::onnx::ModelProto;
use rten_tensor::TensorView;
use rten_tensor::prelude::*;

use super::pool::Pool;
use super::{Engine, Weights, Wiring, check_input, to_bytes};
use crate::detector::network::{Element, Port};
use crate::error::{Error, ErrorKind, Result};
use crate::guard::guard;
use stages::Stages;

pub(super) struct Rten {
    model: Model,
    /// The network cut at its depthwise convolutions, where it has any.
    stages: Option<Stages>,
    /// Whether the cut turned out not to fit: an optimization of rten's may have taken a value away.
    is_whole: AtomicBool,
    input: Port,
    input_id: NodeId,
    output_ids: Vec<NodeId>,
    pools: Pool<Arc<ThreadPool>>,
}

impl Rten {
    pub(super) fn load(weights: Weights, wiring: Wiring, threads: usize) -> Result<Self> {
        let cannot = |error: String| {
            Error::new(ErrorKind::InvalidModel, "the embedded engine (rten) cannot load the network")
                .because(error)
        };
        let (model, stages) =
            guard("rten", || load(weights, &wiring).map_err(|error| cannot(error.to_string())))?;
        let id = |name: &str| model.find_node(name).ok_or_else(|| cannot(format!("no {name} in its graph")));
        Ok(Self {
            input_id: id(&wiring.input.name)?,
            output_ids: wiring.outputs.iter().map(|name| id(name)).collect::<Result<_>>()?,
            input: wiring.input,
            pools: Pool::new(threads, single_thread()),
            stages,
            is_whole: AtomicBool::new(false),
            model,
        })
    }

    /// The outputs for all pictures of `input`, one after the other, so that what a picture needs stays near the
    /// processor. `None` where the network is not cut, or cannot be run so.
    fn run_in_stages(&self, input: &ValueView<'_>, options: &RunOptions) -> Option<Vec<ArrayD<f32>>> {
        let stages = self.stages.as_ref().filter(|_| !self.is_whole.load(Ordering::Relaxed))?;
        let pictures = input.shape().first().copied()?;
        if self.input.shape.first()?.is_some() && pictures > 1 {
            return None;
        }
        let run = |at: usize| -> Option<Vec<ArrayD<f32>>> {
            let outputs = stages.run(&self.model, &picture(input, at)?, options)?;
            let outputs: Vec<_> =
                outputs.into_iter().map(|value| to_array(value).ok()).collect::<Option<_>>()?;
            outputs.iter().all(|output| output.shape().first() == Some(&1)).then_some(outputs)
        };
        let made: Option<Vec<_>> = (0..pictures).map(run).collect();
        self.is_whole.store(made.is_none(), Ordering::Relaxed);
        let made = made?;
        let output = |at: usize| {
            let parts: Vec<_> = made.iter().map(|outputs| outputs[at].view()).collect();
            concatenate(Axis(0), &parts).ok()
        };
        (0..self.output_ids.len()).map(output).collect()
    }
}

fn load(weights: Weights, wiring: &Wiring) -> Result<(Model, Option<Stages>), LoadError> {
    let options = |external: Vec<(String, Vec<u8>)>| {
        let mut options = ModelOptions::with_all_ops();
        for (name, bytes) in external {
            options.external_data(&name, bytes);
        }
        options
    };
    let read = |options: ModelOptions, network: Cow<'static, [u8]>| match network {
        Cow::Borrowed(bytes) => options.load_static_slice(bytes),
        Cow::Owned(bytes) => options.load(bytes),
    };
    let graph = ModelProto::parse_buf(&weights.network).ok().and_then(|model| model.graph);
    let graph = graph.filter(stages::may_be_cut);
    let convolutions = match &graph {
        Some(graph) => {
            let mut options = options(weights.external.clone());
            options.enable_optimization(false);
            stages::convolutions(graph, &read(options, weights.network.clone())?)
        }
        None => stages::Convolutions::new(),
    };
    let model = read(options(weights.external), weights.network)?;
    let stages = graph
        .filter(|_| !convolutions.is_empty())
        .and_then(|graph| Stages::new(&model, &graph, convolutions, &wiring.input.name, &wiring.outputs));
    Ok((model, stages))
}

fn single_thread() -> Arc<ThreadPool> {
    Arc::new(ThreadPool::with_num_threads(1))
}

impl Engine for Rten {
    fn name(&self) -> &str {
        super::RTEN
    }

    fn run(&self, input: ArrayViewD<'_, f32>) -> Result<Vec<ArrayD<f32>>> {
        check_input(&self.input, &input)?;
        let bytes;
        let input = input.as_standard_layout();
        let samples =
            input.as_slice().ok_or_else(|| Error::new(ErrorKind::Inference, "input is not contiguous"))?;
        let shape = input.shape();
        // 16-bit floats become 32-bit ones when rten loads a network, inputs too.
        let view = match self.input.element {
            Element::U8 => {
                bytes = to_bytes(samples);
                ValueView::from(TensorView::from_data(shape, bytes.as_slice()))
            }
            _ => ValueView::from(TensorView::from_data(shape, samples)),
        };
        let run = |pool: &mut Arc<ThreadPool>| {
            let options = RunOptions::default().with_thread_pool(Some(pool.clone()));
            let run = || {
                if let Some(outputs) = self.run_in_stages(&view, &options) {
                    return Ok(outputs);
                }
                let inputs = vec![(self.input_id, view.clone().into())];
                let failed = |error| Error::new(ErrorKind::Inference, "rten").because(error);
                let outputs = self.model.run(inputs, &self.output_ids, Some(options)).map_err(failed)?;
                outputs.into_iter().map(to_array).collect()
            };
            // A rayon worker that waits for another pool takes up other work meanwhile, and more threads would
            // compute than there are cores. A plain thread waits idly, for some 20 us.
            let ran = std::thread::scope(|scope| scope.spawn(|| guard("rten", run)).join());
            ran.unwrap_or_else(|_| Err(Error::new(ErrorKind::Panic, "rten panicked")))
        };
        self.pools.with(|| Ok(single_thread()), run)?
    }
}

/// One picture of a batch.
fn picture<'a>(batch: &'a ValueView<'_>, at: usize) -> Option<ValueView<'a>> {
    match batch {
        ValueView::FloatTensor(batch) => Some(batch.slice(at..at + 1).into()),
        ValueView::UInt8Tensor(batch) => Some(batch.slice(at..at + 1).into()),
        _ => None,
    }
}

/// Numbers of any type as 32-bit floats.
fn to_array(value: Value) -> Result<ArrayD<f32>> {
    let shape = value.shape().to_vec();
    let kind = || Error::new(ErrorKind::ModelShape, format!("an output holds {}, no numbers", value.dtype()));
    let numbers = match value.as_view() {
        ValueView::FloatTensor(tensor) => tensor.to_vec(),
        ValueView::Int32Tensor(tensor) => tensor.iter().map(|value| *value as f32).collect(),
        ValueView::UInt8Tensor(tensor) => tensor.iter().map(|value| f32::from(*value)).collect(),
        ValueView::Int8Tensor(tensor) => tensor.iter().map(|value| f32::from(*value)).collect(),
        _ => return Err(kind()),
    };
    ArrayD::from_shape_vec(IxDyn(&shape), numbers)
        .map_err(|error| Error::new(ErrorKind::Inference, "an output contradicts its shape").because(error))
}

#[cfg(test)]
mod tests {
    use ndarray::Array4;
    use rten_onnx::onnx::{AttributeProto, AttributeType, DataType, GraphProto, NodeProto, TensorProto};

    use crate::detector::network::tests::{file, node, value, weights};

    use super::*;

    fn convolution(inputs: &[&str], output: &str, group: i64, pad: i64) -> NodeProto {
        let attribute = |name: &str, kind| AttributeProto {
            name: Some(name.to_owned()),
            r#type: Some(kind),
            ..AttributeProto::default()
        };
        let group = AttributeProto { i: Some(group), ..attribute("group", AttributeType::INT) };
        let pads = [pad; 4];
        let sizes = [("pads", pads.as_slice()), ("strides", &[1; 2]), ("dilations", &[1; 2])];
        let sizes = sizes.map(|(name, sizes)| AttributeProto {
            ints: sizes.to_vec(),
            ..attribute(name, AttributeType::INTS)
        });
        let attribute = std::iter::once(group).chain(sizes).collect();
        NodeProto { attribute, ..node("Conv", inputs, output) }
    }

    fn drawn(name: &str, dims: &[i64]) -> TensorProto {
        let count = dims.iter().product::<i64>();
        let numbers = (0..count).map(|at| (at * 37 % 101) as f32 / 50.0 - 1.0);
        let raw: Vec<u8> = numbers.flat_map(f32::to_le_bytes).collect();
        weights(name, dims, DataType::FLOAT, &raw)
    }

    fn load(nodes: Vec<NodeProto>, output: &str) -> Rten {
        let shape = [None, Some(3), Some(9), Some(9)];
        let graph = GraphProto {
            node: nodes,
            initializer: vec![drawn("w", &[3, 1, 3, 3]), drawn("b", &[3]), drawn("dense", &[3, 3, 1, 1])],
            input: vec![value("input", &shape)],
            output: vec![value(output, &shape)],
            ..GraphProto::default()
        };
        let input = Port {
            name: "input".to_owned(),
            shape: vec![None, Some(3), Some(9), Some(9)],
            element: Element::F32,
        };
        let weights = Weights { network: Cow::Owned(file(graph)), external: vec![] };
        Rten::load(weights, Wiring { input, outputs: vec![output.to_owned()] }, 1).unwrap()
    }

    fn pictures(count: usize) -> ArrayD<f32> {
        Array4::from_shape_fn((count, 3, 9, 9), |(n, c, y, x)| {
            ((n * 5 + c * 3 + y * 7 + x * 11) % 23) as f32 / 11.0
        })
        .into_dyn()
    }

    /// What the network gives for two pictures, by rten alone.
    fn whole(engine: &Rten) -> ArrayD<f32> {
        engine.is_whole.store(true, Ordering::Relaxed);
        let output = engine.run(pictures(2).view()).unwrap().remove(0);
        engine.is_whole.store(false, Ordering::Relaxed);
        output
    }

    #[test]
    fn a_network_in_stages_gives_the_numbers_of_the_whole() {
        // Two branches and a sum around them, a convolution right after another, one at the end.
        let engine = load(
            vec![
                node("Relu", &["input"], "start"),
                convolution(&["start", "w", "b"], "left", 3, 1),
                convolution(&["left", "w"], "left2", 3, 1),
                convolution(&["input", "w", "b"], "right", 3, 1),
                node("Relu", &["right"], "right2"),
                convolution(&["right2", "dense"], "mixed", 1, 0),
                node("Add", &["left2", "mixed"], "both"),
                node("Add", &["both", "start"], "all"),
                convolution(&["all", "w"], "output", 3, 1),
            ],
            "output",
        );
        assert!(engine.stages.is_some());
        let expected = whole(&engine);
        assert_eq!(engine.run(pictures(2).view()).unwrap(), [expected]);
        assert!(!engine.is_whole.load(Ordering::Relaxed), "it ran in stages");
    }

    #[test]
    fn a_value_that_rten_optimizes_away_costs_the_cut_and_nothing_else() {
        let engine = load(
            vec![
                node("Relu", &["input"], "start"),
                node("Identity", &["start"], "same"),
                convolution(&["same", "w", "b"], "left", 3, 1),
                node("Relu", &["left"], "output"),
            ],
            "output",
        );
        assert!(engine.stages.is_some());
        let expected = whole(&engine);
        assert_eq!(engine.run(pictures(2).view()).unwrap(), [expected]);
        assert!(engine.is_whole.load(Ordering::Relaxed), "it does not try again");
    }

    #[test]
    fn a_network_without_depthwise_convolutions_is_left_whole() {
        let engine = load(
            vec![convolution(&["input", "dense"], "mixed", 1, 0), node("Relu", &["mixed"], "output")],
            "output",
        );
        assert!(engine.stages.is_none());
        assert_eq!(engine.run(pictures(1).view()).unwrap()[0].shape(), [1, 3, 9, 9]);
    }

    #[cfg(feature = "bundled-model")]
    #[test]
    fn the_shipped_network_runs_in_stages() {
        let shape = vec![None, Some(3), Some(224), Some(224)];
        let input = Port { name: "input".to_owned(), shape, element: Element::F32 };
        let weights = Weights { network: deepscreen_models::AI_IMAGE.weights.into(), external: vec![] };
        let engine = Rten::load(weights, Wiring { input, outputs: vec!["logit".to_owned()] }, 1).unwrap();
        let picture = Array4::from_shape_fn((1, 3, 224, 224), |(_, c, y, x)| {
            ((c * 3 + y * 7 + x) % 255) as f32 / 128.0 - 1.0
        });
        let expected = engine.model.run(
            vec![(
                engine.input_id,
                TensorView::from_data(picture.shape(), picture.as_slice().unwrap()).into(),
            )],
            &engine.output_ids,
            None,
        );
        let expected = to_array(expected.unwrap().remove(0)).unwrap();
        assert_eq!(engine.run(picture.view().into_dyn()).unwrap(), [expected]);
        assert!(!engine.is_whole.load(Ordering::Relaxed));
    }
}
