//! A model's folder in: its contract, its weights, checked, and which of the network's inputs and outputs the contract means.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::contract::{self, Contract, ContractOptions, Layout};
use super::engine::{Weights, Wiring};
use super::hugging_face;
use super::network::{self, Element, Network, Port, shape_text};
use crate::error::{Error, ErrorKind, Result};

impl Contract {
    /// The contract of a model's folder: its `model.toml`, or what the `config.json` and `preprocessor_config.json` of
    /// a Hugging Face export say.
    ///
    /// # Errors
    /// [`Unreadable`](ErrorKind::Unreadable); [`InvalidModel`](ErrorKind::InvalidModel), which says what is wrong where.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(folder, &ContractOptions::default())
    }

    /// As [`open`](Self::open), with what a person says of an export that does not tell itself.
    ///
    /// # Errors
    /// Those of [`open`](Self::open), and [`InvalidConfig`](ErrorKind::InvalidConfig) for options beside a `model.toml`,
    /// which was measured as it stands.
    pub fn open_with(folder: impl AsRef<Path>, options: &ContractOptions) -> Result<Self> {
        let folder = folder.as_ref();
        if folder.is_file() {
            let message = "a file: a model is a folder with model.toml and the weights that it names";
            return Err(Error::new(ErrorKind::InvalidModel, message).about(folder.display()));
        }
        let path = folder.join("model.toml");
        if !path.exists() && folder.join("config.json").is_file() {
            return hugging_face::contract(folder, options);
        }
        if *options != ContractOptions::default() {
            let message = "says itself which classes mean fake and what that is";
            return Err(Error::new(ErrorKind::InvalidConfig, message).about(path.display()));
        }
        let unreadable = |error| Error::new(ErrorKind::Unreadable, "cannot be read").because(error);
        std::fs::read_to_string(&path)
            .map_err(unreadable)
            .and_then(|text| Self::from_toml(&text))
            .map_err(|error| error.about(path.display()))
    }

    /// The network's file and those beside it that hold its weights, relative to `folder`, where the model is.
    ///
    /// # Errors
    /// [`Unreadable`](ErrorKind::Unreadable), [`InvalidModel`](ErrorKind::InvalidModel),
    /// [`ModelChecksum`](ErrorKind::ModelChecksum) for the network's file.
    pub fn weight_files(&self, folder: impl AsRef<Path>) -> Result<Vec<PathBuf>> {
        let below = Path::new(&self.file.path);
        let path = folder.as_ref().join(below);
        let network = std::fs::read(&path)
            .map_err(|error| Error::new(ErrorKind::Unreadable, "cannot be read").because(error))
            .and_then(|bytes| check_network(Some(&self.file), &bytes))
            .map_err(|error| error.about(path.display()))?;
        let beside = below.parent().unwrap_or_else(|| Path::new(""));
        let external = network.external.iter().map(|name| beside.join(name));
        Ok(std::iter::once(below.to_owned()).chain(external).collect())
    }
}

/// Reads a network's file and those beside it that it names, and checks all against what a contract says of them.
pub(super) fn read_weights(path: &Path, expected: Option<&contract::File>) -> Result<(Weights, Network)> {
    let unreadable = |message: String| move |error| Error::new(ErrorKind::Unreadable, message).because(error);
    let bytes = std::fs::read(path).map_err(unreadable("cannot be read".to_owned()))?;
    let network = check_network(expected, &bytes)?;
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    let mut external = Vec::with_capacity(network.external.len());
    for name in &network.external {
        let bytes = std::fs::read(folder.join(name))
            .map_err(unreadable(format!("its weights lie in {name}, which cannot be read")))?;
        let listed = expected.iter().flat_map(|file| &file.external).find(|file| file.path == *name);
        if let Some(listed) = listed {
            check_sha256(&listed.sha256, &bytes).map_err(|error| error.about(name))?;
        }
        external.push((name.clone(), bytes));
    }
    Ok((Weights { network: Cow::Owned(bytes), external }, network))
}

/// What the file is has to be clear before it is compared, and that before it is read.
pub(super) fn check_network(expected: Option<&contract::File>, bytes: &[u8]) -> Result<Network> {
    network::check_is_network(bytes)?;
    if let Some(expected) = expected.and_then(|file| file.sha256.as_deref()) {
        check_sha256(expected, bytes)?;
    }
    Network::read(bytes)
}

/// Names and SHA-256 of the files, the network's first.
pub(super) fn digests(network: &str, weights: &Weights) -> Vec<(String, String)> {
    let external = weights.external.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
    std::iter::once((network, &*weights.network))
        .chain(external)
        .map(|(name, bytes)| (name.to_owned(), crate::hex(&Sha256::digest(bytes))))
        .collect()
}

/// That of the file itself, wherever nothing lies beside it.
pub(super) fn sha256(weights: &Weights) -> String {
    let mut hasher = Sha256::new_with_prefix(&weights.network);
    weights.external.iter().for_each(|(_, bytes)| hasher.update(bytes));
    crate::hex(&hasher.finalize())
}

fn check_sha256(expected: &str, bytes: &[u8]) -> Result<()> {
    let sha256 = crate::hex(&Sha256::digest(bytes));
    if !sha256.eq_ignore_ascii_case(expected) {
        let message = format!("SHA-256 is {sha256}, the contract names {expected}: not the same weights");
        return Err(Error::new(ErrorKind::ModelChecksum, message));
    }
    Ok(())
}

/// The network must have the ports that the contract names.
pub(super) fn wire(contract: &Contract, network: &Network) -> Result<Wiring> {
    let input = choose(&network.inputs, contract.input.name.as_deref(), "input")?;
    if let Some(other) = network.inputs.iter().find(|port| port.name != input.name) {
        let message = format!("input {}: a network that takes a picture alone expected", other.name);
        return Err(Error::new(ErrorKind::ModelShape, message));
    }
    check_input(contract, input)?;
    let output = choose(&network.outputs, contract.output.name.as_deref(), "output")?;
    let mut outputs = vec![output.name.clone()];
    if let Some(map) = &contract.output.map {
        let map = choose(&network.outputs, Some(&map.name), "output")?;
        if map.name == output.name {
            let message =
                format!("output {}: the contract takes it for the answer and for the map", map.name);
            return Err(Error::new(ErrorKind::ModelShape, message));
        }
        outputs.push(map.name.clone());
    }
    Ok(Wiring { input: input.clone(), outputs })
}

fn choose<'a>(ports: &'a [Port], name: Option<&str>, what: &str) -> Result<&'a Port> {
    let wrong = |message: String| Error::new(ErrorKind::ModelShape, message);
    let found = || {
        let text = |port: &Port| format!("{} {}", port.name, shape_text(&port.shape));
        ports.iter().map(text).collect::<Vec<_>>().join(", ")
    };
    match (name, ports) {
        (Some(name), ports) => ports
            .iter()
            .find(|port| port.name == name)
            .ok_or_else(|| wrong(format!("{what} {name} expected, found {}", found()))),
        (None, [port]) => Ok(port),
        // What transformers calls the classes' numbers, of a network that gives its hidden states too.
        (None, ports) if let Some(port) = ports.iter().find(|port| port.name == "logits") => Ok(port),
        (None, []) => Err(wrong(format!("the network has no {what}"))),
        (None, _) => Err(wrong(format!("which {what}? The contract has to name one of {}", found()))),
    }
}

fn check_input(contract: &Contract, port: &Port) -> Result<()> {
    let wrong = |message: String| Err(Error::new(ErrorKind::ModelShape, message));
    let side = |side: Option<u32>| side.map(|side| side as usize);
    let (height, width) = (side(contract.input.height), side(contract.input.width));
    let channels = Some(contract.input.color.channels());
    let expected = match contract.input.layout {
        Layout::Nchw => [None, channels, height, width],
        Layout::Nhwc => [None, height, width, channels],
    };
    // The number of pictures may be fixed; what the network leaves open fits everything.
    let fits = |(at, (want, got)): (usize, (&Option<usize>, &Option<usize>))| {
        at == 0 || got.is_none() || want == got
    };
    if port.shape.len() != expected.len() || !expected.iter().zip(&port.shape).enumerate().all(fits) {
        let (want, got) = (shape_text(&expected), shape_text(&port.shape));
        return wrong(format!("input {} of {want} expected, found {got}", port.name));
    }
    match port.element {
        Element::F32 | Element::F16 => Ok(()),
        Element::U8 if contract.preprocess.gives_bytes() => Ok(()),
        Element::U8 => wrong(format!(
            "input {} takes bytes: preprocess.scale = 1 without mean and std expected",
            port.name
        )),
        Element::Other(_) => wrong(format!(
            "input {} of float, float16 or uint8 expected, found {}",
            port.name,
            port.element.name()
        )),
    }
}
