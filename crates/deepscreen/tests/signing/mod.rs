//! Signs pictures with certificates that are made on the spot: an authority of nobody, and signers below it.
// Each test takes what it needs.
#![allow(dead_code)]

use std::io::Cursor;
use std::sync::atomic::{AtomicBool, Ordering};

use c2pa::{Builder, Context, Settings, Signer, SigningAlg};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use serde_json::{Value, json};

/// A certificate authority that nobody knows.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate: what a user would name as a trust anchor.
    pub(crate) pem: String,
}

impl Authority {
    pub(crate) fn new(organisation: &str) -> Self {
        let mut params = params(organisation, "root");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// A signer whose certificate is valid until 2090.
    pub(crate) fn signer(&self, organisation: &str) -> Box<dyn Signer> {
        let key = KeyPair::generate().unwrap();
        self.signer_of(&key, &self.certify(organisation, &key, (2020, 2090)))
    }

    /// A signer whose certificate ran out in 2021.
    pub(crate) fn expired_signer(&self, organisation: &str) -> Box<dyn Signer> {
        let key = KeyPair::generate().unwrap();
        let valid = self.signer_of(&key, &self.certify(organisation, &key, (2020, 2090)));
        let expired = self.signer_of(&key, &self.certify(organisation, &key, (2020, 2021)));
        Box::new(Expired { valid, expired, checked: AtomicBool::new(false) })
    }

    fn certify(&self, organisation: &str, key: &KeyPair, (from, to): (i32, i32)) -> String {
        let mut params = params(organisation, "signer");
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection];
        params.use_authority_key_identifier_extension = true;
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(to, 1, 1);
        params.signed_by(key, &self.issuer).unwrap().pem()
    }

    fn signer_of(&self, key: &KeyPair, certificate: &str) -> Box<dyn Signer> {
        let chain = format!("{certificate}{}", self.pem);
        let key = key.serialize_pem();
        c2pa::create_signer::from_keys(chain.as_bytes(), key.as_bytes(), SigningAlg::Es256, None).unwrap()
    }
}

fn params(organisation: &str, name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::OrganizationName, organisation);
    params.distinguished_name.push(DnType::CommonName, format!("{organisation} {name}"));
    params
}

/// The crate signs with no expired certificate: it looks at it once, and this shows it another one of the same key.
struct Expired {
    valid: Box<dyn Signer>,
    expired: Box<dyn Signer>,
    checked: AtomicBool,
}

impl Signer for Expired {
    fn sign(&self, data: &[u8]) -> c2pa::Result<Vec<u8>> {
        self.valid.sign(data)
    }

    fn alg(&self) -> SigningAlg {
        self.valid.alg()
    }

    fn certs(&self) -> c2pa::Result<Vec<Vec<u8>>> {
        if self.checked.swap(true, Ordering::Relaxed) { self.expired.certs() } else { self.valid.certs() }
    }

    fn reserve_size(&self) -> usize {
        self.valid.reserve_size()
    }
}

/// A manifest about to be signed.
pub(crate) struct Draft {
    generator: String,
    actions: Vec<Value>,
    ingredients: Vec<(Value, Vec<u8>)>,
    remote: Option<String>,
}

impl Draft {
    /// By a generator, of a picture that was created so: `trainedAlgorithmicMedia`.
    pub(crate) fn created(generator: &str, source_type: &str) -> Self {
        let draft = Self {
            generator: generator.to_owned(),
            actions: Vec::new(),
            ingredients: Vec::new(),
            remote: None,
        };
        draft.action(json!({ "action": "c2pa.created", "digitalSourceType": uri(source_type) }))
    }

    /// By an editor, of a picture that was opened.
    pub(crate) fn opened(generator: &str, title: &str, jpeg: &[u8]) -> Self {
        let draft = Self {
            generator: generator.to_owned(),
            actions: Vec::new(),
            ingredients: Vec::new(),
            remote: None,
        };
        draft.ingredient("c2pa.opened", "parentOf", title, jpeg)
    }

    /// One thing more that was done.
    pub(crate) fn action(mut self, action: Value) -> Self {
        self.actions.push(action);
        self
    }

    /// One picture more that went into it.
    pub(crate) fn placed(self, title: &str, jpeg: &[u8]) -> Self {
        self.ingredient("c2pa.placed", "componentOf", title, jpeg)
    }

    /// One picture more that a generator was shown.
    pub(crate) fn shown(mut self, title: &str, jpeg: &[u8]) -> Self {
        self.ingredients.push((json!({ "title": title, "relationship": "inputTo" }), jpeg.to_vec()));
        self
    }

    /// Lies elsewhere, and the picture names the place.
    pub(crate) fn remote(self, url: &str) -> Self {
        Self { remote: Some(url.to_owned()), ..self }
    }

    fn ingredient(mut self, action: &str, relationship: &str, title: &str, jpeg: &[u8]) -> Self {
        let id = format!("ingredient-{}", self.ingredients.len());
        let ingredient = json!({ "title": title, "relationship": relationship, "instance_id": id });
        self.ingredients.push((ingredient, jpeg.to_vec()));
        self.action(json!({ "action": action, "parameters": { "ingredientIds": [id] } }))
    }

    /// The picture with its manifest.
    pub(crate) fn sign(self, signer: &dyn Signer, format: &str, picture: &[u8]) -> Vec<u8> {
        let settings =
            Settings::new().with_json(r#"{"builder": {"thumbnail": {"enabled": false}}}"#).unwrap();
        let context = Context::new().with_settings(settings).unwrap();
        let definition = json!({
            "claim_generator_info": [{ "name": self.generator, "version": "1.0" }],
            "assertions": [{ "label": "c2pa.actions.v2", "data": { "actions": self.actions } }],
        });
        let mut builder = Builder::from_context(context).with_definition(definition.to_string()).unwrap();
        for (ingredient, bytes) in self.ingredients {
            let mut bytes = Cursor::new(bytes);
            builder.add_ingredient_from_stream(ingredient.to_string(), "image/jpeg", &mut bytes).unwrap();
        }
        if let Some(url) = self.remote {
            builder.set_remote_url(url);
            builder.set_no_embed(true);
        }
        let mut signed = Cursor::new(Vec::new());
        builder.sign(signer, format, &mut Cursor::new(picture), &mut signed).unwrap();
        signed.into_inner()
    }
}

/// An IPTC source type as manifests write it.
pub(crate) fn uri(source_type: &str) -> String {
    format!("http://cv.iptc.org/newscodes/digitalsourcetype/{source_type}")
}

/// A picture of nothing, with one colour of its own.
pub(crate) fn jpeg(red: u8) -> Vec<u8> {
    let picture = image::RgbImage::from_fn(64, 48, |x, y| image::Rgb([red, (x * 3) as u8, (y * 5) as u8]));
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}
