//! The embedded engine: rten, Rust alone, always there.

use std::borrow::Cow;
use std::sync::Arc;

use ndarray::{ArrayD, ArrayViewD, IxDyn};
use rten::{Dimension, Model, NodeId, RunOptions, ThreadPool, Value, ValueOrView};
use rten_tensor::prelude::*;
use rten_tensor::{Tensor, TensorView};

use super::pool::Pool;
use super::{Engine, Port, check_input};
use crate::error::{Error, ErrorKind, Result};
use crate::guard::guard;

pub(super) struct Rten {
    model: Model,
    inputs: Vec<Port>,
    outputs: Vec<Port>,
    input_id: NodeId,
    output_ids: Vec<NodeId>,
    pools: Pool<Arc<ThreadPool>>,
}

impl Rten {
    pub(super) fn load(weights: Cow<'static, [u8]>, threads: usize) -> Result<Self> {
        let model = match weights {
            Cow::Borrowed(bytes) => Model::load_static_slice(bytes),
            Cow::Owned(bytes) => Model::load(bytes),
        }
        .map_err(|error| {
            Error::new(ErrorKind::InvalidModel, "rten cannot load the network").because(error)
        })?;
        let port = |id: &NodeId| {
            let info = model.node_info(*id);
            let name = info.as_ref().and_then(|info| info.name()).unwrap_or_default().to_owned();
            let shape = info.and_then(|info| info.shape()).unwrap_or_default();
            let side = |dimension: &Dimension| match dimension {
                Dimension::Fixed(side) => Some(*side),
                Dimension::Symbolic(_) => None,
            };
            Port { name, shape: shape.iter().map(side).collect() }
        };
        let [input_id, ..] = *model.input_ids() else {
            return Err(Error::new(ErrorKind::ModelShape, "the network has no input"));
        };
        Ok(Self {
            inputs: model.input_ids().iter().map(port).collect(),
            outputs: model.output_ids().iter().map(port).collect(),
            input_id,
            output_ids: model.output_ids().to_vec(),
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

    fn inputs(&self) -> &[Port] {
        &self.inputs
    }

    fn outputs(&self) -> &[Port] {
        &self.outputs
    }

    fn run(&self, input: ArrayViewD<'_, f32>) -> Result<Vec<ArrayD<f32>>> {
        check_input(&self.inputs, &input)?;
        let input = input.as_standard_layout();
        let samples =
            input.as_slice().ok_or_else(|| Error::new(ErrorKind::Inference, "input is not contiguous"))?;
        let view = TensorView::from_data(input.shape(), samples);
        let run = |pool: &mut Arc<ThreadPool>| {
            let options = RunOptions::default().with_thread_pool(Some(pool.clone()));
            let inputs = vec![(self.input_id, ValueOrView::from(view.as_dyn()))];
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

fn to_array(value: Value) -> Result<ArrayD<f32>> {
    let tensor: Tensor<f32> = value.try_into().map_err(|error| {
        Error::new(ErrorKind::ModelShape, "an output is not of 32-bit floats").because(error)
    })?;
    ArrayD::from_shape_vec(IxDyn(tensor.shape()), tensor.to_vec())
        .map_err(|error| Error::new(ErrorKind::Inference, "an output contradicts its shape").because(error))
}
