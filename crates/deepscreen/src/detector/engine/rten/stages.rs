//! A network cut at its depthwise convolutions: rten runs what lies between them.

use std::collections::{HashMap, HashSet};

use rten::{Model, NodeId, RunOptions, Value, ValueOrView, ValueView};
use rten_onnx::onnx::{GraphProto, NodeProto};
use rten_tensor::Tensor;
use rten_tensor::prelude::*;

use super::depthwise::{Depthwise, groups};

/// The depthwise convolutions of a graph, by the names of what they make.
pub(super) type Convolutions = HashMap<String, Depthwise>;

/// Whether a graph may have depthwise convolutions.
pub(super) fn may_be_cut(graph: &GraphProto) -> bool {
    graph.node.iter().any(|node| groups(node).is_some_and(|groups| groups > 1))
}

/// The depthwise convolutions of a graph, of which `plain` is the model without optimizations: in it each weight has
/// the name that the graph gives it.
pub(super) fn convolutions(graph: &GraphProto, plain: &Model) -> Convolutions {
    let numbers = |name: &str| {
        let value = plain.run(vec![], &[plain.find_node(name)?], None).ok()?.pop()?;
        let ValueView::FloatTensor(tensor) = value.as_view() else { return None };
        Some((tensor.shape().to_vec(), tensor.to_vec()))
    };
    let convolution = |node: &NodeProto| {
        groups(node).filter(|groups| *groups > 1)?;
        let (shape, weights) = numbers(node.input.get(1)?)?;
        let biases = match node.input.get(2).filter(|name| !name.is_empty()) {
            Some(name) => Some(numbers(name)?.1),
            None => None,
        };
        Some((node.output.first()?.clone(), Depthwise::new(node, &shape, weights, biases)?))
    };
    graph.node.iter().filter_map(convolution).collect()
}

/// What is computed after each other.
pub(super) struct Stages {
    input: NodeId,
    outputs: Vec<NodeId>,
    stages: Vec<Stage>,
}

/// What rten computes, and the convolution that follows.
#[derive(Default)]
struct Stage {
    takes: Vec<Taken>,
    gives: Vec<NodeId>,
    convolution: Option<(Depthwise, Taken, NodeId)>,
}

/// A value, and whether nothing takes it later.
#[derive(Clone, Copy)]
struct Taken {
    id: NodeId,
    is_last: bool,
}

/// A value that depends on the network's input.
struct Made {
    /// The first stage that can take it, or that makes it.
    stage: usize,
    /// Whether rten makes it.
    by_rten: bool,
}

impl Stages {
    /// Cuts `model`, loaded from `graph`. `None` for a graph within the graph, which may use any value; and for what
    /// the model does not name.
    pub(super) fn new(
        model: &Model,
        graph: &GraphProto,
        mut convolutions: Convolutions,
        input: &str,
        outputs: &[String],
    ) -> Option<Self> {
        let id = |name: &str| model.find_node(name);
        let taken = |name: &str| Some(Taken { id: id(name)?, is_last: false });
        let mut made = HashMap::from([(input, Made { stage: 0, by_rten: false })]);
        let mut stages = vec![Stage::default()];
        let (mut takes, mut gives) = (vec![HashSet::new()], HashSet::new());
        for node in &graph.node {
            if node.attribute.iter().any(|attribute| attribute.g.is_some()) {
                return None;
            }
            let names = node.input.iter().map(String::as_str);
            let Some(stage) = names.clone().filter_map(|name| made.get(name)).map(|made| made.stage).max()
            else {
                continue;
            };
            let convolution = node.output.first().and_then(|output| convolutions.remove(output));
            if let Some(convolution) = convolution {
                let (from, to) = (node.input.first()?.as_str(), node.output.first()?.as_str());
                gives.insert(from);
                stages.last_mut()?.convolution = Some((convolution, taken(from)?, id(to)?));
                stages.push(Stage::default());
                takes.push(HashSet::new());
                made.insert(to, Made { stage: takes.len() - 1, by_rten: false });
                continue;
            }
            for (name, value) in names.filter_map(|name| Some((name, made.get(name)?))) {
                if !value.by_rten || value.stage < stage {
                    takes[stage].insert(name);
                    gives.insert(name);
                }
            }
            let named = node.output.iter().filter(|name| !name.is_empty());
            made.extend(named.map(|name| (name.as_str(), Made { stage, by_rten: true })));
        }
        gives.extend(outputs.iter().map(String::as_str));
        for (stage, takes) in stages.iter_mut().zip(takes) {
            stage.takes = takes.into_iter().map(taken).collect::<Option<_>>()?;
        }
        for name in gives {
            let value = made.get(name)?;
            if value.by_rten {
                stages[value.stage].gives.push(id(name)?);
            }
        }
        let outputs: Vec<NodeId> = outputs.iter().map(|name| id(name)).collect::<Option<_>>()?;
        let mut kept: HashSet<NodeId> = outputs.iter().copied().collect();
        for stage in stages.iter_mut().rev() {
            let from = stage.convolution.as_mut().map(|(_, from, _)| from);
            from.into_iter().chain(&mut stage.takes).for_each(|taken| taken.is_last = kept.insert(taken.id));
        }
        Some(Self { input: id(input)?, outputs, stages })
    }

    /// The outputs for one picture; `None` where rten fails, or the network does not fit the cut after all.
    pub(super) fn run(
        &self,
        model: &Model,
        input: &ValueView<'_>,
        options: &RunOptions,
    ) -> Option<Vec<Value>> {
        let mut values: HashMap<NodeId, Value> = HashMap::new();
        for stage in &self.stages {
            if !stage.gives.is_empty() {
                let mut inputs: Vec<(NodeId, ValueOrView<'_>)> = Vec::with_capacity(stage.takes.len());
                // What is handed over can be changed in place.
                for Taken { id, .. } in stage.takes.iter().filter(|taken| taken.is_last) {
                    inputs.extend(values.remove(id).map(|value| (*id, value.into())));
                }
                for Taken { id, .. } in &stage.takes {
                    let value = self.view(*id, input, &values);
                    inputs.extend(value.map(|value| (*id, value.into())));
                }
                let made = model.run(inputs, &stage.gives, Some(options.clone())).ok()?;
                values.extend(stage.gives.iter().copied().zip(made));
            }
            if let Some((convolution, from, to)) = &stage.convolution {
                let made = convolve(convolution, &self.view(from.id, input, &values)?)?;
                if from.is_last {
                    values.remove(&from.id);
                }
                values.insert(*to, made);
            }
        }
        self.outputs.iter().map(|id| values.remove(id)).collect()
    }

    fn view<'a>(
        &self,
        id: NodeId,
        input: &ValueView<'a>,
        values: &'a HashMap<NodeId, Value>,
    ) -> Option<ValueView<'a>> {
        if id == self.input { Some(input.clone()) } else { values.get(&id).map(Value::as_view) }
    }
}

fn convolve(convolution: &Depthwise, value: &ValueView<'_>) -> Option<Value> {
    let ValueView::FloatTensor(tensor) = value else { return None };
    let shape = tensor.shape().try_into().ok()?;
    let (numbers, shape) = convolution.run(tensor.to_contiguous().data(), shape)?;
    Some(Tensor::from_data(&shape, numbers).into())
}
