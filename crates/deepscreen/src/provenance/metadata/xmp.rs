//! An XMP packet in, its properties as fields out: `xmp.photoshop:Credit`.
//!
//! Entities of a document type are never expanded, and depth, declarations and events are bounded.

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, NamespaceResolver, ResolveResult};
use quick_xml::reader::NsReader;

use super::{Collector, FaultKind, text};

/// Bytes of one packet; a depth map in one has some megabytes.
pub(super) const LONGEST: u64 = 4 << 20;

const DEEPEST: usize = 32;
const MOST_DECLARATIONS: usize = 64;
const MOST_ATTRIBUTES: usize = 512;
/// Of all packets of one file.
const MOST_EVENTS: u32 = 100_000;

const RDF: &[u8] = b"http://www.w3.org/1999/02/22-rdf-syntax-ns#";

/// Name spaces whose properties are read, with their usual prefixes; the prefix in the file can be any.
const NAMESPACES: [(&[u8], &str); 19] = [
    (b"http://purl.org/dc/elements/1.1/", "dc"),
    (b"http://ns.adobe.com/xap/1.0/", "xmp"),
    (b"http://ns.adobe.com/xap/1.0/mm/", "xmpMM"),
    (b"http://ns.adobe.com/xap/1.0/rights/", "xmpRights"),
    (b"http://ns.adobe.com/xap/1.0/sType/ResourceEvent#", "stEvt"),
    (b"http://ns.adobe.com/xap/1.0/sType/ResourceRef#", "stRef"),
    (b"http://ns.adobe.com/photoshop/1.0/", "photoshop"),
    (b"http://ns.adobe.com/tiff/1.0/", "tiff"),
    (b"http://ns.adobe.com/exif/1.0/", "exif"),
    (b"http://cipa.jp/exif/1.0/", "exifEX"),
    (b"http://ns.adobe.com/exif/1.0/aux/", "aux"),
    (b"http://ns.adobe.com/camera-raw-settings/1.0/", "crs"),
    (b"http://ns.adobe.com/lightroom/1.0/", "lr"),
    (b"http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/", "Iptc4xmpCore"),
    (b"http://iptc.org/std/Iptc4xmpExt/2008-02-29/", "Iptc4xmpExt"),
    (b"http://ns.useplus.org/ldf/xmp/1.0/", "plus"),
    (b"http://ns.adobe.com/pdf/1.3/", "pdf"),
    (b"http://ns.google.com/photos/1.0/camera/", "GCamera"),
    (b"http://ns.adobe.com/xmp/note/", "xmpNote"),
];

/// China's label of AI content (GB 45438-2025); writers differ in what follows the host.
const TC260: &[u8] = b"tc260.org.cn/";

/// One open element.
struct Element {
    name: Name,
    text: String,
    is_leaf: bool,
}

enum Name {
    /// It names a property.
    Property(String),
    /// It only groups: `rdf:Seq`, `rdf:li`, `x:xmpmeta`.
    Structure,
    /// A property that nobody here knows.
    Unknown,
}

/// Reads one packet.
pub(super) fn read(packet: &[u8], found: &mut Collector) {
    if packet.len() as u64 > LONGEST {
        found.fault("xmp", FaultKind::TooLarge);
        return;
    }
    let decoded;
    let text = match packet {
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [0, b'<', ..] | [b'<', 0, ..] => {
            decoded = text::utf16(packet, packet.first() == Some(&b'<'));
            decoded.as_str()
        }
        _ => {
            let packet = packet.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(packet);
            decoded = text::from_bytes(packet);
            decoded.as_str()
        }
    };
    // Some writers end a packet with zeros, and spaces to write into follow many.
    let text = text.trim_end_matches(['\0', ' ', '\n', '\r', '\t']);
    if text.is_empty() {
        return;
    }
    if let Err(kind) = properties(text, found) {
        found.fault("xmp", kind);
    }
}

fn properties(text: &str, found: &mut Collector) -> Result<(), FaultKind> {
    let mut reader = NsReader::from_str(text);
    reader.resolver_mut().set_max_declarations_per_element(MOST_DECLARATIONS);
    let mut open: Vec<Element> = Vec::new();
    while found.xml_events < MOST_EVENTS {
        found.xml_events += 1;
        let event = reader.read_event().map_err(|_| FaultKind::Malformed)?;
        match event {
            Event::Start(start) => {
                if open.len() >= DEEPEST {
                    return Err(FaultKind::TooLarge);
                }
                open_element(&start, reader.resolver(), &mut open, found);
            }
            Event::Empty(start) => {
                open_element(&start, reader.resolver(), &mut open, found);
                open.pop();
            }
            Event::Text(text) => {
                if let (Some(element), Ok(text)) = (open.last_mut(), text.decode()) {
                    element.text.push_str(&text);
                }
            }
            Event::CData(text) => {
                if let (Some(element), Ok(text)) = (open.last_mut(), text.decode()) {
                    element.text.push_str(&text);
                }
            }
            Event::GeneralRef(reference) => {
                let Some(element) = open.last_mut() else { continue };
                if let Ok(Some(character)) = reference.resolve_char_ref() {
                    element.text.push(character);
                } else if let Ok(name) = reference.decode() {
                    // Entities that a document type declares stay what they are: an empty place.
                    element.text.push_str(resolve_predefined_entity(&name).unwrap_or_default());
                }
            }
            Event::End(_) => {
                let path = path(&open);
                if let (Some(element), Some(path)) = (open.pop(), path)
                    && element.is_leaf
                    && !element.text.trim().is_empty()
                {
                    found.add(path, element.text.trim().to_owned());
                }
            }
            Event::Eof => return if open.is_empty() { Ok(()) } else { Err(FaultKind::Truncated) },
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
    Err(FaultKind::TooLarge)
}

fn open_element(
    start: &BytesStart<'_>,
    names: &NamespaceResolver,
    open: &mut Vec<Element>,
    found: &mut Collector,
) {
    if let Some(parent) = open.last_mut() {
        parent.is_leaf = false;
    }
    let (namespace, local) = names.resolve_element(start.name());
    let local = local.into_inner();
    let name = match &namespace {
        ResolveResult::Bound(Namespace(RDF)) => Name::Structure,
        ResolveResult::Bound(Namespace(b"adobe:ns:meta/")) => Name::Structure,
        _ => property(&namespace, local).map_or(Name::Unknown, Name::Property),
    };
    open.push(Element { name, text: String::new(), is_leaf: true });
    let Some(path) = prefix(open) else { return };
    // Repeated attributes are an error elsewhere; looking for them would take time that grows with their square.
    let mut attributes = start.attributes();
    let attributes = attributes.with_checks(false);
    for attribute in attributes.take(MOST_ATTRIBUTES).flatten() {
        let (namespace, local) = names.resolve_attribute(attribute.key);
        let name = match &namespace {
            // A value that is an address: `<Iptc4xmpExt:DigitalSourceType rdf:resource="http://.."/>`.
            ResolveResult::Bound(Namespace(RDF)) if local.into_inner() == b"resource" && !path.is_empty() => {
                path.clone()
            }
            _ => match property(&namespace, local.into_inner()) {
                Some(name) if path.is_empty() => format!("xmp.{name}"),
                Some(name) => format!("{path}/{name}"),
                None => continue,
            },
        };
        match attribute.normalized_value(XmlVersion::Implicit1_0) {
            Ok(value) if !value.trim().is_empty() => found.add(name, value.trim().to_owned()),
            Ok(_) => {}
            // An entity that is none of XML's own.
            Err(_) => found.fault(&name, FaultKind::Malformed),
        }
    }
}

/// The usual name of a property: `photoshop:Credit`.
fn property(namespace: &ResolveResult<'_>, local: &[u8]) -> Option<String> {
    let ResolveResult::Bound(Namespace(uri)) = namespace else { return None };
    let prefix = match NAMESPACES.iter().find(|(known, _)| known == uri) {
        Some((_, prefix)) => prefix,
        None if memchr::memmem::find(uri, TC260).is_some() => "TC260",
        None => return None,
    };
    let local = std::str::from_utf8(local).ok().filter(|local| local.len() <= 64)?;
    Some(format!("{prefix}:{local}"))
}

/// The name of the innermost property, with those that it is a part of; empty outside of all properties, `None` inside of
/// an unknown one.
fn prefix(open: &[Element]) -> Option<String> {
    let mut path = String::new();
    for element in open {
        match &element.name {
            Name::Property(name) => {
                path.push_str(if path.is_empty() { "xmp." } else { "/" });
                path.push_str(name);
            }
            Name::Structure => {}
            Name::Unknown => return None,
        }
    }
    Some(path)
}

fn path(open: &[Element]) -> Option<String> {
    prefix(open).filter(|path| !path.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(inner: &str) -> String {
        format!(
            "<?xpacket begin=\"\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?><x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\
             <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" \
             xmlns:a=\"http://ns.adobe.com/xap/1.0/\" xmlns:mm=\"http://ns.adobe.com/xap/1.0/mm/\" \
             xmlns:ev=\"http://ns.adobe.com/xap/1.0/sType/ResourceEvent#\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" \
             xmlns:i=\"http://iptc.org/std/Iptc4xmpExt/2008-02-29/\" xmlns:t=\"http://www.tc260.org.cn/ns/AIGC/1.0/\" \
             xmlns:other=\"urn:other\">{inner}</rdf:RDF></x:xmpmeta><?xpacket end=\"w\"?>\n   \0"
        )
    }

    fn read_text(text: &str) -> Collector {
        let mut found = Collector::default();
        read(text.as_bytes(), &mut found);
        found
    }

    #[test]
    fn every_way_to_write_a_property_gives_the_same_name() {
        for (inner, name, value) in [
            (r#"<rdf:Description a:CreatorTool="X &amp; Y"/>"#, "xmp.xmp:CreatorTool", "X & Y"),
            (
                "<rdf:Description><a:CreatorTool> X &#38; Y </a:CreatorTool></rdf:Description>",
                "xmp.xmp:CreatorTool",
                "X & Y",
            ),
            (
                "<rdf:Description><a:CreatorTool><![CDATA[X & Y]]></a:CreatorTool></rdf:Description>",
                "xmp.xmp:CreatorTool",
                "X & Y",
            ),
            (
                r#"<rdf:Description><i:DigitalSourceType rdf:resource="http://x/y"/></rdf:Description>"#,
                "xmp.Iptc4xmpExt:DigitalSourceType",
                "http://x/y",
            ),
            (
                "<rdf:Description><dc:creator><rdf:Seq><rdf:li>Me</rdf:li></rdf:Seq></dc:creator></rdf:Description>",
                "xmp.dc:creator",
                "Me",
            ),
            (
                r#"<rdf:Description><mm:History><rdf:Seq><rdf:li ev:softwareAgent="X"/></rdf:Seq></mm:History></rdf:Description>"#,
                "xmp.xmpMM:History/stEvt:softwareAgent",
                "X",
            ),
            (
                "<rdf:Description><mm:History><rdf:Seq><rdf:li rdf:parseType=\"Resource\"><ev:softwareAgent>X</ev:softwareAgent></rdf:li></rdf:Seq></mm:History></rdf:Description>",
                "xmp.xmpMM:History/stEvt:softwareAgent",
                "X",
            ),
            (r#"<rdf:Description t:AIGC='{"Label":"1"}'/>"#, "xmp.TC260:AIGC", r#"{"Label":"1"}"#),
        ] {
            let found = read_text(&packet(inner));
            assert_eq!(found.fields, [(name.to_owned(), value.to_owned())], "{inner}");
            assert!(found.faults.is_empty(), "{inner}");
        }
    }

    #[test]
    fn unknown_properties_and_what_is_below_them_say_nothing() {
        let inner = "<rdf:Description other:CreatorTool=\"X\"><other:a><a:CreatorTool>X</a:CreatorTool></other:a>\
                     <none:b a:CreatorTool=\"X\"/></rdf:Description><!-- <a:CreatorTool>X</a:CreatorTool> -->";
        let found = read_text(&packet(inner));
        assert!(found.fields.is_empty(), "{:?}", found.fields);
    }

    #[test]
    fn a_document_types_entities_are_never_expanded() {
        let bomb = "<!DOCTYPE x [<!ENTITY a \"AAAAAAAAAA\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">\
                    <!ENTITY c SYSTEM \"file:///etc/passwd\">]>";
        let inner =
            "<rdf:Description a:Label=\"&b;\"><a:CreatorTool>1&b;2&c;3</a:CreatorTool></rdf:Description>";
        let found = read_text(&(bomb.to_owned() + &packet(inner)));
        assert_eq!(found.fields, [("xmp.xmp:CreatorTool".to_owned(), "123".to_owned())]);
        assert_eq!(found.faults.len(), 1);
    }

    #[test]
    fn broken_packets_give_what_stands_before_the_fault() {
        let whole = packet("<rdf:Description a:CreatorTool=\"X\"><a:Label>Y</a:Label></rdf:Description>");
        for end in 0..whole.len() {
            let Some(cut) = whole.get(..end) else { continue };
            read_text(cut);
        }
        let found = read_text(whole.split("</a:Label>").next().unwrap());
        assert_eq!((found.fields.len(), found.faults.len()), (1, 1));
        for (text, kind) in [
            (packet(&"<rdf:Bag>".repeat(100)), FaultKind::TooLarge),
            (packet(&"<rdf:li/>".repeat(MOST_EVENTS as usize)), FaultKind::TooLarge),
            (packet("<a:b></a:c>"), FaultKind::Malformed),
            (" ".repeat(LONGEST as usize + 1), FaultKind::TooLarge),
        ] {
            let found = read_text(&text);
            assert_eq!(found.faults.iter().map(|fault| fault.kind).collect::<Vec<_>>(), [kind]);
        }
    }

    #[test]
    fn utf_16_is_read_as_well() {
        let text = packet("<rdf:Description a:CreatorTool=\"Ảnh\"/>");
        let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let mut found = Collector::default();
        read(&bytes, &mut found);
        assert_eq!(found.fields, [("xmp.xmp:CreatorTool".to_owned(), "Ảnh".to_owned())]);
    }
}
