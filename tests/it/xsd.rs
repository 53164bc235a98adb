//! Messages against the official schemas, with `xmllint`: the envelope and its body, each against its own.

use std::path::PathBuf;
use std::process::Command;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// Namespace of the messages between the node and a creditor's station.
const PA_FOR_NODE: &str = "http://pagopa-api.pagopa.gov.it/pa/paForNode.xsd";
/// Its deprecated twin, which has no schema of its own: the messages are the same.
const DEPRECATED: &str = "http://pagopa-api.pagopa.gov.it/paForNode\"";

/// The official schemas: a folder with `wsdl` and `xsd-common` side by side.
pub(crate) struct Schemas(PathBuf);

impl Schemas {
    /// The schemas in the folder of `PAGOPA_SCHEMAS`.
    pub(crate) fn at(folder: &str) -> Schemas {
        Schemas(PathBuf::from(folder))
    }

    /// What is wrong with a message; empty when it conforms.
    pub(crate) fn faults(&self, message: &str) -> Vec<String> {
        let message = message.replace(DEPRECATED, &format!("{PA_FOR_NODE}\""));
        let mut faults = self.validate("xsd-common/envelope.xsd", &message);
        match body(&message) {
            // A SOAP fault belongs to the envelope's schema, which has seen it.
            Ok(body)
                if body
                    .split(['>', ' '])
                    .next()
                    .is_some_and(|tag| tag.ends_with(":Fault")) => {}
            Ok(body) => faults.extend(self.validate("wsdl/xsd/paForNode.xsd", &body)),
            Err(error) => faults.push(error),
        }
        faults
    }

    /// What is wrong with a document by one of the schemas; empty when it conforms.
    pub(crate) fn validate(&self, schema: &str, document: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("message.xml");
        std::fs::write(&file, document).unwrap();
        let out = Command::new("xmllint")
            .args(["--nonet", "--noout", "--schema"])
            .arg(self.0.join(schema))
            .arg(&file)
            .output()
            .expect("xmllint is missing: install the package libxml2-utils");
        if out.status.success() {
            return Vec::new();
        }
        let text = String::from_utf8_lossy(&out.stderr);
        let name = file.to_string_lossy();
        text.lines()
            .map(|line| format!("{schema}: {}", line.replace(&*name, "message")))
            .collect()
    }
}

/// The element in the body as a document of its own, with the namespaces it inherits.
fn body(message: &str) -> Result<String, String> {
    let mut reader = Reader::from_str(message);
    let mut inherited: Vec<(String, String)> = Vec::new();
    let mut ancestors = 0;
    loop {
        let from = usize::try_from(reader.buffer_position()).unwrap();
        let event = reader.read_event().map_err(|error| error.to_string())?;
        if matches!(event, Event::Eof) {
            return Err("no body".to_owned());
        }
        let Event::Start(start) = event else {
            continue;
        };
        if ancestors < 2 {
            if ["Envelope", "Body"].contains(&start.local_name().as_ref()) {
                ancestors += 1;
                inherited.extend(namespaces(&start));
            }
            continue;
        }
        let own = namespaces(&start);
        let name: String = start.name().as_ref().to_owned();
        reader
            .read_to_end(start.name())
            .map_err(|error| error.to_string())?;
        let to = usize::try_from(reader.buffer_position()).unwrap();
        let element = message.get(from..to).unwrap();
        let (_, rest) = element.split_once(&name).unwrap();
        let mut missing = String::new();
        for (prefix, address) in inherited.iter().rev() {
            let there = own.iter().any(|(known, _)| known == prefix)
                || missing.contains(&format!(" {prefix}="));
            if !there {
                missing.push_str(&format!(" {prefix}=\"{address}\""));
            }
        }
        return Ok(format!("<{name}{missing}{rest}"));
    }
}

fn namespaces(start: &BytesStart<'_>) -> Vec<(String, String)> {
    start
        .attributes()
        .flatten()
        .map(|attribute| {
            let name: &str = attribute.key.as_ref();
            (name.to_owned(), attribute.value.to_string())
        })
        .filter(|(name, _)| name == "xmlns" || name.starts_with("xmlns:"))
        .collect()
}
