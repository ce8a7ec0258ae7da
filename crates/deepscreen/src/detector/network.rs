//! What an ONNX file says about itself, read and checked before an engine sees it: models are code from strangers.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::path::Path;

use rten_onnx::onnx::{
    AttributeProto, DataLocation, DataType, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto,
};

use super::contract::is_beside;
use crate::error::{Error, ErrorKind, Result};

/// Numbers that one tensor may have: 4 GiB of floats. More is a mistake, or meant to bring the process down.
const MOST_NUMBERS: u64 = 1 << 30;

/// Graphs within graphs that a file may have; deeper ones would exhaust the stack of whoever reads them.
const DEEPEST: u32 = 32;

/// What a network takes and gives, by its own file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Network {
    /// Without the initializers that old exporters list as inputs.
    pub inputs: Vec<Port>,
    /// In the order of the file.
    pub outputs: Vec<Port>,
    /// Files that hold weights, relative to the folder of the network's.
    pub external: Vec<String>,
    /// The kinds of its operators, those of graphs within the graph and of the file's own functions too.
    pub operators: BTreeSet<String>,
    /// Version of the standard operators.
    pub opset: i64,
    /// Numbers in all weights.
    pub parameters: u64,
    /// What wrote the file, and its version; may be empty.
    pub producer: String,
}

/// A named input or output; a dimension that may vary is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// As the network calls it.
    pub name: String,
    /// Its dimensions, the number of pictures first.
    pub shape: Vec<Option<usize>>,
    /// The type of its numbers.
    pub element: Element,
}

impl fmt::Display for Port {
    /// `input [N, 3, 224, 224] float`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.name, shape_text(&self.shape), self.element.name())
    }
}

/// The type of a port's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Element {
    /// Floats of 32 bits.
    F32,
    /// Floats of 16 bits.
    F16,
    /// Bytes.
    U8,
    /// Another of ONNX: its number there.
    Other(i32),
}

impl Element {
    const fn of(kind: DataType) -> Self {
        match kind {
            DataType(1) => Self::F32,
            DataType(10) => Self::F16,
            DataType(2) => Self::U8,
            DataType(other) => Self::Other(other),
        }
    }

    /// As ONNX writes it.
    pub fn name(self) -> String {
        match self {
            Self::F32 => "float".to_owned(),
            Self::F16 => "float16".to_owned(),
            Self::U8 => "uint8".to_owned(),
            Self::Other(kind) => {
                let kind = DataType(kind);
                kind.name().map_or_else(|| format!("type {}", kind.0), str::to_lowercase)
            }
        }
    }
}

/// `[N, 3, 224, 224]`, with `N` for what may vary.
pub(super) fn shape_text(shape: &[Option<usize>]) -> String {
    let sides: Vec<String> =
        shape.iter().map(|side| side.map_or_else(|| "N".to_owned(), |side| side.to_string())).collect();
    format!("[{}]", sides.join(", "))
}

impl Network {
    /// Reads a file: what an engine would be given, and nothing is run.
    ///
    /// # Errors
    /// [`Unreadable`](ErrorKind::Unreadable); [`InvalidModel`](ErrorKind::InvalidModel) for what is no network, or one
    /// that no engine should be given.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        std::fs::read(path)
            .map_err(|error| Error::new(ErrorKind::Unreadable, "cannot be read").because(error))
            .and_then(|bytes| Self::from_bytes(&bytes))
            .map_err(|error| error.about(path.display()))
    }

    /// Reads a file's bytes.
    ///
    /// # Errors
    /// [`InvalidModel`](ErrorKind::InvalidModel), as [`open`](Self::open).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        check_is_network(bytes)?;
        Self::read(bytes)
    }

    /// Reads a file that [`check_is_network`] let pass.
    ///
    /// # Errors
    /// [`InvalidModel`](ErrorKind::InvalidModel) for what is no network, or one that no engine should be given.
    pub(super) fn read(bytes: &[u8]) -> Result<Self> {
        let mut contents = Contents::default();
        check_structure(bytes, Message::Model, 0, &mut contents)?;
        let Contents { operators, external, .. } = contents;
        let model = ModelProto::parse_buf(bytes)
            .map_err(|error| invalid("not an ONNX network, or a damaged one").because(format!("{error}")))?;
        let graph = model.graph.as_ref().ok_or_else(|| invalid("not an ONNX network: it holds no graph"))?;
        let opset = model
            .opset_import
            .iter()
            .find(|set| is_standard(set.domain.as_deref()))
            .and_then(|set| set.version);
        let mut parameters = 0_u64;
        for weights in &graph.initializer {
            check_weights(weights)?;
            parameters += elements(&weights.dims).unwrap_or(0);
        }
        // What a loop's own condition bounds can be bounded by nobody else.
        if let Some(operator) = ["Loop", "Scan"].into_iter().find(|operator| operators.contains(*operator)) {
            return Err(invalid(format!("operator {operator}: a network that loops is not run")));
        }
        check_order(graph)?;
        check_sizes(graph)?;
        let initializers: HashSet<_> = graph.initializer.iter().map(|weights| &weights.name).collect();
        Ok(Self {
            inputs: graph
                .input
                .iter()
                .filter(|input| !initializers.contains(&input.name))
                .map(port)
                .collect(),
            outputs: graph.output.iter().map(port).collect(),
            external: external.into_iter().collect(),
            operators,
            opset: opset
                .ok_or_else(|| invalid("a network that does not say the version of its operators"))?,
            parameters,
            producer: [model.producer_name, model.producer_version]
                .into_iter()
                .flatten()
                .filter(|text| !text.is_empty())
                .collect::<Vec<_>>()
                .join(" "),
        })
    }
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidModel, message)
}

pub(super) fn check_is_network(bytes: &[u8]) -> Result<()> {
    let start = bytes.trim_ascii_start();
    if bytes.is_empty() {
        return Err(invalid("empty"));
    }
    if bytes.starts_with(b"version https://git-lfs") {
        return Err(invalid("a Git LFS pointer, not the weights themselves: fetch them with `git lfs pull`"));
    }
    if start.starts_with(b"<") || start.starts_with(b"{") {
        return Err(invalid("a text, not the weights themselves: was a web page or an error saved instead?"));
    }
    if bytes.starts_with(b"\x89HDF") {
        return Err(invalid("a Keras file: export it to ONNX first (tf2onnx)"));
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"\x80\x02") {
        return Err(invalid("a PyTorch file or an archive: export it to ONNX first (torch.onnx.export)"));
    }
    Ok(())
}

/// The messages of onnx.proto that an engine looks into.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Message {
    Model,
    Function,
    Graph,
    Node,
    Attribute,
    Tensor,
    SparseTensor,
    Value,
    Type,
    TensorType,
    Shape,
    Sequence,
    /// One that holds no other.
    Entry,
}

impl Message {
    /// What a field of it is, by its number in onnx.proto.
    const fn field(self, number: u64) -> Option<Self> {
        match (self, number) {
            (Self::Model, 25) => Some(Self::Function),
            (Self::Model, 7) | (Self::Attribute, 6 | 11) => Some(Self::Graph),
            (Self::Graph, 1) | (Self::Function, 7) => Some(Self::Node),
            (Self::Node, 5) | (Self::Function, 11) => Some(Self::Attribute),
            (Self::Graph, 5) | (Self::Attribute, 5 | 10) | (Self::SparseTensor, 1 | 2) => Some(Self::Tensor),
            (Self::Graph, 15) | (Self::Attribute, 22 | 23) => Some(Self::SparseTensor),
            (Self::Graph, 11..=13) => Some(Self::Value),
            (Self::Value, 2) | (Self::Sequence, 1) => Some(Self::Type),
            (Self::Type, 1) => Some(Self::TensorType),
            (Self::TensorType, 2) => Some(Self::Shape),
            (Self::Type, 4) => Some(Self::Sequence),
            (Self::Model, 8 | 14) | (Self::Tensor, 13) | (Self::Shape, 1) => Some(Self::Entry),
            _ => None,
        }
    }
}

/// What a file holds wherever an engine may look, which is in more places than rten-onnx reads: in functions, and in
/// graphs and tensors that an attribute lists.
#[derive(Default)]
struct Contents {
    graphs: u32,
    operators: BTreeSet<String>,
    /// Files that hold weights, which must lie beside the network's.
    external: BTreeSet<String>,
}

/// Refuses lengths that lead out of the file and messages that are nested too deep: the parser, and rten's loader with
/// it, would go round for ever on the former (rten-onnx 0.27 seeks by a length's low bits) and exhaust the stack on the
/// latter.
fn check_structure(mut bytes: &[u8], message: Message, depth: u32, contents: &mut Contents) -> Result<()> {
    let damaged = || invalid("not an ONNX network, or a damaged one");
    if depth > 4 * DEEPEST {
        return Err(invalid("a network that is nested too deep"));
    }
    let (mut locations, mut lies_elsewhere) = (Vec::new(), false);
    while !bytes.is_empty() {
        let (key, rest) = varint(bytes).ok_or_else(damaged)?;
        let (number, length, rest) = match key & 7 {
            0 => varint(rest).map(|(number, after)| (number, 0, after)).ok_or_else(damaged)?,
            1 => (0, 8, rest),
            2 => varint(rest).map(|(length, after)| (0, length, after)).ok_or_else(damaged)?,
            5 => (0, 4, rest),
            _ => return Err(damaged()),
        };
        let length = usize::try_from(length).map_err(|_| damaged())?;
        let (field, after) = rest.split_at_checked(length).ok_or_else(damaged)?;
        match (message, key >> 3, key & 7) {
            // A parser may take the last of two graphs, or both as one.
            (Message::Model, 7, 2) if contents.graphs > 0 => return Err(invalid("a file of two graphs")),
            (Message::Model, 7, 2) => contents.graphs += 1,
            (Message::Node, 4, 2) => {
                contents.operators.insert(String::from_utf8_lossy(field).into_owned());
            }
            (Message::Tensor, 13, 2) => locations.extend(location_in(field)),
            (Message::Tensor, 14, 0) => lies_elsewhere = number == DataLocation::EXTERNAL.0 as u64,
            _ => {}
        }
        if let (2, Some(inner)) = (key & 7, message.field(key >> 3)) {
            check_structure(field, inner, depth + 1, contents)?;
        }
        bytes = after;
    }
    if lies_elsewhere && locations.is_empty() {
        return Err(invalid("weights in a file that is not named"));
    }
    for location in locations.iter().filter(|_| lies_elsewhere) {
        let location = String::from_utf8_lossy(location).into_owned();
        if !is_beside(&location) {
            return Err(invalid(format!("weights in {location:?}: a file beside the network expected")));
        }
        contents.external.insert(location);
    }
    Ok(())
}

/// The value of an entry whose key is `location`.
fn location_in(mut entry: &[u8]) -> Option<&[u8]> {
    let (mut key, mut value) = (None, None);
    while let Some((tag, rest)) = varint(entry) {
        let (length, rest) = varint(rest)?;
        let (field, after) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        match tag {
            0x0A => key = Some(field),
            0x12 => value = Some(field),
            _ => return None,
        }
        entry = after;
    }
    value.filter(|_| key == Some(b"location"))
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let end = bytes.iter().take(10).position(|byte| byte & 0x80 == 0)?;
    let value = bytes[..=end].iter().rev().fold(0, |value: u64, byte| value << 7 | u64::from(byte & 0x7F));
    Some((value, &bytes[end + 1..]))
}

/// How many numbers a shape has; `None` for one that no tensor can have.
fn elements(shape: &[i64]) -> Option<u64> {
    let sides = shape.iter().map(|side| u64::try_from(*side).ok());
    sides.map(|side| side.filter(|side| *side <= MOST_NUMBERS)).try_fold(1, |product: u64, side| {
        product.checked_mul(side?).filter(|product| *product <= MOST_NUMBERS)
    })
}

/// The weights must be in the file, or in a file beside it.
fn check_weights(weights: &TensorProto) -> Result<()> {
    let name = weights.name.as_deref().unwrap_or_default();
    let numbers =
        elements(&weights.dims).ok_or_else(|| invalid(format!("weights {name} of {:?}", weights.dims)))?;
    if weights.data_location == Some(DataLocation::EXTERNAL) {
        return Ok(());
    }
    let raw = weights.raw_data.as_ref().map_or(0, |raw| raw.borrow().len() as u64);
    // Every type has at least half a byte a number.
    let listed = [
        weights.float_data.len(),
        weights.int32_data.len(),
        weights.int64_data.len(),
        2 * weights.double_data.len(),
    ];
    let held = (2 * raw).max(listed.into_iter().map(|count| 2 * count as u64).max().unwrap_or(0));
    let is_text = weights.data_type == Some(DataType::STRING);
    if numbers > held && !is_text {
        return Err(invalid(format!(
            "weights {name} of {:?}: the file does not hold as many numbers",
            weights.dims
        )));
    }
    Ok(())
}

/// Nodes in the order of their work, as ONNX asks for it: so there is no cycle.
fn check_order(graph: &GraphProto) -> Result<()> {
    let mut known: HashSet<&str> = HashSet::from([""]);
    known.extend(graph.initializer.iter().filter_map(|weights| weights.name.as_deref()));
    known.extend(graph.input.iter().filter_map(|input| input.name.as_deref()));
    for node in &graph.node {
        let operator = node.op_type.as_deref().unwrap_or_default();
        if let Some(unknown) = node.input.iter().find(|input| !known.contains(input.as_str())) {
            let name = node.name.as_deref().unwrap_or_default();
            return Err(invalid(format!(
                "node {name} ({operator}) takes {unknown}, which no node before it makes: a cycle, or a damaged file"
            )));
        }
        known.extend(node.output.iter().map(String::as_str));
    }
    Ok(())
}

/// Sizes that the file itself states must be such as a machine can hold.
fn check_sizes(graph: &GraphProto) -> Result<()> {
    let mut constants: HashMap<&str, &TensorProto> = HashMap::new();
    constants
        .extend(graph.initializer.iter().filter_map(|weights| Some((weights.name.as_deref()?, weights))));
    for node in &graph.node {
        let value = attribute(node, "value");
        if let (Some("Constant"), Some(tensor)) =
            (node.op_type.as_deref(), value.and_then(|value| value.t.as_ref()))
        {
            check_weights(tensor)?;
            constants.extend(node.output.first().map(|output| (output.as_str(), tensor)));
        }
    }
    for node in &graph.node {
        let operator = node.op_type.as_deref().unwrap_or_default();
        let place = match operator {
            "ConstantOfShape" => 0,
            // Of `Tile` it is how often each side is repeated: so many numbers at least.
            "Expand" | "Tile" => 1,
            "Resize" => 3,
            _ => continue,
        };
        let shape = node.input.get(place).and_then(|name| constants.get(name.as_str()));
        if let Some(shape) = shape.and_then(|tensor| integers(tensor))
            && elements(&shape).is_none()
        {
            let name = node.name.as_deref().unwrap_or_default();
            return Err(invalid(format!("node {name} ({operator}) makes a tensor of {shape:?}: too large")));
        }
    }
    Ok(())
}

fn integers(tensor: &TensorProto) -> Option<Vec<i64>> {
    if tensor.data_type != Some(DataType::INT64) {
        return None;
    }
    if !tensor.int64_data.is_empty() {
        return Some(tensor.int64_data.clone());
    }
    let raw = tensor.raw_data.as_ref()?.borrow();
    Some(raw.as_chunks::<8>().0.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect())
}

/// Whether operators of a domain are ONNX's own.
pub(super) fn is_standard(domain: Option<&str>) -> bool {
    matches!(domain, None | Some("" | "ai.onnx"))
}

pub(super) fn attribute<'a>(node: &'a NodeProto, name: &str) -> Option<&'a AttributeProto> {
    node.attribute.iter().find(|attribute| attribute.name.as_deref() == Some(name))
}

fn port(value: &ValueInfoProto) -> Port {
    let tensor = value.r#type.as_ref().and_then(|kind| kind.tensor_type.as_ref());
    let shape = tensor.and_then(|tensor| tensor.shape.as_ref());
    let side = |dimension: &rten_onnx::onnx::Dimension| {
        // Some exporters write -1 or 0 for a dimension that varies.
        dimension.dim_value.and_then(|side| usize::try_from(side).ok()).filter(|side| *side > 0)
    };
    Port {
        name: value.name.clone().unwrap_or_default(),
        shape: shape.iter().flat_map(|shape| &shape.dim).map(side).collect(),
        element: Element::of(tensor.and_then(|tensor| tensor.elem_type).unwrap_or(DataType(0))),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::cell::RefCell;

    use rten_onnx::onnx::{
        AttributeType, Dimension, OperatorSetIdProto, StringStringEntryProto, TensorShapeProto, TypeProto,
        TypeProtoTensor,
    };

    use super::*;

    pub(in crate::detector) fn value(name: &str, shape: &[Option<i64>]) -> ValueInfoProto {
        let dim = shape.iter().map(|side| Dimension { dim_value: *side, ..Dimension::default() });
        let shape = Some(TensorShapeProto { dim: dim.collect() });
        let tensor_type = Some(TypeProtoTensor { elem_type: Some(DataType::FLOAT), shape });
        let kind = TypeProto { tensor_type, ..TypeProto::default() };
        ValueInfoProto { name: Some(name.to_owned()), r#type: Some(kind) }
    }

    pub(in crate::detector) fn node(operator: &str, inputs: &[&str], output: &str) -> NodeProto {
        NodeProto {
            name: Some(format!("node of {output}")),
            op_type: Some(operator.to_owned()),
            input: inputs.iter().map(|input| (*input).to_owned()).collect(),
            output: vec![output.to_owned()],
            ..NodeProto::default()
        }
    }

    pub(in crate::detector) fn weights(name: &str, dims: &[i64], kind: DataType, raw: &[u8]) -> TensorProto {
        TensorProto {
            name: Some(name.to_owned()),
            dims: dims.to_vec(),
            data_type: Some(kind),
            raw_data: Some(RefCell::new(raw.to_vec())),
            ..TensorProto::default()
        }
    }

    /// A network that is sound: one picture in, the same out.
    fn sound() -> GraphProto {
        GraphProto {
            node: vec![node("Add", &["input", "w"], "y")],
            initializer: vec![weights("w", &[2], DataType::FLOAT, &[0; 8])],
            input: vec![value("input", &[Some(-1), Some(3), Some(8), Some(8)]), value("w", &[Some(2)])],
            output: vec![value("y", &[Some(-1), Some(3), Some(8), Some(8)])],
            ..GraphProto::default()
        }
    }

    pub(in crate::detector) fn file(graph: GraphProto) -> Vec<u8> {
        let opset = OperatorSetIdProto { domain: None, version: Some(17) };
        let model = ModelProto {
            ir_version: Some(8),
            graph: Some(graph),
            opset_import: vec![opset],
            ..ModelProto::default()
        };
        model.write_buf().unwrap()
    }

    #[test]
    fn a_network_says_what_it_takes_and_gives() {
        let network = Network::read(&file(sound())).unwrap();
        let shape = vec![None, Some(3), Some(8), Some(8)];
        let input = Port { name: "input".to_owned(), shape, element: Element::F32 };
        assert_eq!(network.inputs, [input], "an initializer is no input");
        assert_eq!(network.outputs[0].to_string(), "y [N, 3, 8, 8] float");
        assert_eq!((network.opset, network.parameters), (17, 2));
        assert_eq!(network.operators, BTreeSet::from(["Add".to_owned()]));
    }

    #[test]
    fn hostile_graphs_are_refused_with_the_reason() {
        type Change = fn(&mut GraphProto);
        let cases: [(Change, &str); 9] = [
            (|graph| graph.node.push(node("Loop", &["y"], "z")), "operator Loop"),
            (
                |graph| {
                    let inner = GraphProto { node: vec![node("Scan", &[], "s")], ..GraphProto::default() };
                    let mut outer = node("If", &["y"], "z");
                    let kind = Some(AttributeType::GRAPH);
                    outer.attribute.push(AttributeProto {
                        g: Some(inner),
                        r#type: kind,
                        ..AttributeProto::default()
                    });
                    graph.node.push(outer);
                },
                "operator Scan",
            ),
            (|graph| graph.node[0].input[1] = "y".to_owned(), "takes y, which no node before it makes"),
            (|graph| graph.initializer[0].dims = vec![1 << 20, 1 << 20], "weights w of"),
            (|graph| graph.initializer[0].dims = vec![i64::MAX, i64::MAX], "weights w of"),
            (|graph| graph.initializer[0].dims = vec![-1], "weights w of"),
            (|graph| graph.initializer[0].dims = vec![1000], "does not hold as many"),
            (
                |graph| {
                    let shape =
                        [1_i64 << 20; 2].iter().flat_map(|side| side.to_le_bytes()).collect::<Vec<_>>();
                    graph.initializer.push(weights("s", &[2], DataType::INT64, &shape));
                    graph.node.push(node("ConstantOfShape", &["s"], "huge"));
                },
                "makes a tensor of [1048576, 1048576]",
            ),
            (
                |graph| {
                    let entry = |key: &str, value: &str| StringStringEntryProto {
                        key: Some(key.to_owned()),
                        value: Some(value.to_owned()),
                    };
                    graph.initializer[0].data_location = Some(DataLocation::EXTERNAL);
                    graph.initializer[0].external_data = vec![entry("location", "../../etc/passwd")];
                },
                "a file beside the network expected",
            ),
        ];
        for (change, says) in cases {
            let mut graph = sound();
            change(&mut graph);
            let error = Network::read(&file(graph)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidModel);
            assert!(error.to_string().contains(says), "{says}: {error}");
        }
    }

    /// `depth` messages of a graph that holds a node that holds a graph.
    #[test]
    fn graphs_within_graphs_do_not_exhaust_the_stack() {
        let field = |number: u8, inner: &[u8]| {
            let mut message = vec![number << 3 | 2];
            let mut length = inner.len();
            while length >= 0x80 {
                message.push(length as u8 | 0x80);
                length >>= 7;
            }
            message.push(length as u8);
            message.extend_from_slice(inner);
            message
        };
        for (depth, refused) in [(3, false), (2000, true)] {
            let mut graph = Vec::new();
            for _ in 0..depth {
                graph = field(1, &field(5, &field(6, &graph)));
            }
            let error = Network::read(&field(7, &graph)).unwrap_err();
            assert_eq!(error.to_string().contains("nested too deep"), refused, "{depth}: {error}");
        }
    }

    #[test]
    fn what_is_no_network_is_named() {
        for (bytes, says) in [
            (&b""[..], "empty"),
            (b"version https://git-lfs.github.com/spec/v1", "Git LFS pointer"),
            (b"<!DOCTYPE html><html>", "a web page"),
            (b"{\"error\": \"not found\"}", "a web page or an error"),
            (b"\x89HDF\r\n", "Keras"),
            (b"PK\x03\x04archive", "PyTorch"),
        ] {
            let error = check_is_network(bytes).unwrap_err();
            assert!(error.to_string().contains(says), "{says}: {error}");
        }
    }

    /// Every byte of a small file changed, and the file cut everywhere.
    #[test]
    fn mutated_files_never_panic() {
        let whole = file(sound());
        for at in 0..whole.len() {
            for flip in [1, 0x10, 0x80, 0xFF] {
                let mut mutated = whole.clone();
                mutated[at] ^= flip;
                let _ = Network::read(&mutated);
            }
            let _ = Network::read(&whole[..at]);
        }
    }
}
