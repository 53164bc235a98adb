//! Messages against the official schemas, with `xmllint`: the envelope and its body, each against its own.

use std::path::{Path, PathBuf};
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
            Ok(body) if body.split(['>', ' ']).next().is_some_and(|tag| tag.ends_with(":Fault")) => {}
            Ok(body) => faults.extend(self.validate("wsdl/xsd/paForNode.xsd", &body)),
            Err(error) => faults.push(error),
        }
        faults
    }

    fn validate(&self, schema: &str, document: &str) -> Vec<String> {
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
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(start) if ancestors < 2 => {
                let local = start.local_name();
                let is_ancestor = ["Envelope", "Body"].contains(&local.as_ref());
                if is_ancestor {
                    ancestors += 1;
                    inherited.extend(namespaces(&start));
                }
            }
            Event::Start(start) => {
                let own = namespaces(&start);
                let name = start.name().as_ref().to_owned();
                reader
                    .read_to_end(start.name())
                    .map_err(|error| error.to_string())?;
                let to = usize::try_from(reader.buffer_position()).unwrap();
                let element = &message[from..to];
                let at = element.find(&name).unwrap() + name.len();
                let mut missing = String::new();
                for (prefix, address) in inherited.iter().rev() {
                    let there = own.iter().any(|(known, _)| known == prefix)
                        || missing.contains(&format!(" {prefix}="));
                    if !there {
                        missing.push_str(&format!(" {prefix}=\"{address}\""));
                    }
                }
                return Ok(format!("{}{missing}{}", &element[..at], &element[at..]));
            }
            Event::Eof => return Err("no body".to_owned()),
            _ => {}
        }
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

/// Every XML file of a folder, in order.
pub(crate) fn messages(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "xml"))
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|path| (path.clone(), std::fs::read_to_string(path).unwrap()))
        .collect()
}
