//! The embedded engine: rten, Rust alone, always there.

use std::borrow::Cow;
use std::sync::Arc;

use ndarray::{ArrayD, ArrayViewD, IxDyn};
use rten::{Model, ModelOptions, NodeId, RunOptions, ThreadPool, Value, ValueOrView, ValueView};
use rten_tensor::TensorView;
use rten_tensor::prelude::*;

use super::pool::Pool;
use super::{Engine, Weights, Wiring, check_input, to_bytes};
use crate::detector::network::{Element, Port};
use crate::error::{Error, ErrorKind, Result};
use crate::guard::guard;

pub(super) struct Rten {
    model: Model,
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
        let load = || {
            let mut options = ModelOptions::with_all_ops();
            for (name, bytes) in weights.external {
                options.external_data(&name, bytes);
            }
            let loaded = match weights.network {
                Cow::Borrowed(bytes) => options.load_static_slice(bytes),
                Cow::Owned(bytes) => options.load(bytes),
            };
            loaded.map_err(|error| cannot(error.to_string()))
        };
        let model = guard("rten", load)?;
        let id = |name: &str| model.find_node(name).ok_or_else(|| cannot(format!("no {name} in its graph")));
        Ok(Self {
            input_id: id(&wiring.input.name)?,
            output_ids: wiring.outputs.iter().map(|name| id(name)).collect::<Result<_>>()?,
            input: wiring.input,
            pools: Pool::new(threads, single_thread()),
            model,
        })
    }
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
            let inputs = vec![(self.input_id, ValueOrView::from(view.clone()))];
            let failed = |error| Error::new(ErrorKind::Inference, "rten").because(error);
            let run = || self.model.run(inputs, &self.output_ids, Some(options)).map_err(failed);
            // A rayon worker that waits for another pool takes up other work meanwhile, and more threads would
            // compute than there are cores. A plain thread waits idly, for some 20 us.
            let ran = std::thread::scope(|scope| scope.spawn(|| guard("rten", run)).join());
            ran.unwrap_or_else(|_| Err(Error::new(ErrorKind::Panic, "rten panicked")))
        };
        let outputs = self.pools.with(|| Ok(single_thread()), run)??;
        outputs.into_iter().map(to_array).collect()
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
