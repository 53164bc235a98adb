//! The published document as the validator: what it promises to accept is what is accepted.
//!
//! At start every operation's body, query and path are compiled from the document itself. Errors name
//! places and rules and never the values, which may be personal data.

mod explain;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use actix_web::dev::ResourceDef;
use jsonschema::Validator;
use serde_json::{Map, Value, json};

use super::problem::{ERRORS_MAX, FieldError, Problem, catalogue};
use crate::domain::text::Said;

/// The path prefix that the server URL of the document ends with.
pub const PREFIX: &str = "/v1";

/// Why a document cannot be served. It is our own document, so this is a defect found at start.
#[derive(Debug, thiserror::Error)]
#[error("operation {operation}: {why}")]
pub struct ContractError {
    operation: String,
    why: String,
}

/// Every operation of the document, compiled.
pub struct Contract {
    operations: HashMap<(String, String), Arc<Operation>>,
    paths: Vec<(ResourceDef, String)>,
}

/// One operation, compiled.
pub struct Operation {
    /// Its `operationId`.
    pub id: String,
    /// Whether anybody may call it.
    pub public: bool,
    /// The scopes it asks for (`x-required-scopes`).
    pub scopes: Vec<String>,
    /// Media types of its success answers, the preferred one first.
    pub answers: Vec<String>,
    query: Parameters,
    path: Parameters,
    bodies: BTreeMap<String, Validator>,
}

struct Parameters {
    types: HashMap<String, String>,
    validator: Validator,
}

impl Contract {
    /// Compiles a document.
    ///
    /// # Errors
    /// [`ContractError`] when a schema of the document cannot be compiled.
    pub fn new(document: &Value) -> Result<Contract, ContractError> {
        let mut operations = HashMap::new();
        let mut paths = Vec::new();
        for (path, item) in members(document.get("paths")) {
            let pattern = format!("{PREFIX}{path}");
            let mut methods: BTreeSet<String> = BTreeSet::new();
            for (method, operation) in members(Some(item)) {
                let method = method.to_ascii_uppercase();
                let compiled = Operation::new(document, operation)?;
                operations.insert((method.clone(), pattern.clone()), Arc::new(compiled));
                methods.insert(method);
            }
            if methods.contains("GET") {
                methods.insert("HEAD".to_owned());
            }
            let allowed = methods.into_iter().collect::<Vec<_>>().join(", ");
            paths.push((ResourceDef::new(pattern), allowed));
        }
        Ok(Contract { operations, paths })
    }

    /// The operation of a method (`GET` for `HEAD`) and a path template with the prefix.
    #[must_use]
    pub fn operation(&self, method: &str, pattern: &str) -> Option<Arc<Operation>> {
        self.operations
            .get(&(method.to_owned(), pattern.to_owned()))
            .cloned()
    }

    /// The methods of a path, as `Allow` lists them; `None` when the contract has no such path.
    #[must_use]
    pub fn allowed(&self, path: &str) -> Option<&str> {
        self.paths
            .iter()
            .find(|(path_of, _)| path_of.is_match(path))
            .map(|(_, allowed)| allowed.as_str())
    }

    /// All operations with method and path template.
    pub fn operations(&self) -> impl Iterator<Item = (&str, &str, &Operation)> {
        self.operations
            .iter()
            .map(|((method, path), operation)| (method.as_str(), path.as_str(), operation.as_ref()))
    }
}

impl Operation {
    fn new(document: &Value, operation: &Value) -> Result<Operation, ContractError> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let id = operation.get("operationId").map(text).unwrap_or_default();
        let compile = |schema: Value| compile(document, schema, &id);
        let mut bodies = BTreeMap::new();
        let content = operation
            .get("requestBody")
            .and_then(|body| body.get("content"));
        for (media, body) in members(content) {
            let schema = body.get("schema").cloned().unwrap_or_else(|| json!({}));
            bodies.insert(media.clone(), compile(schema)?);
        }
        let parameters: Vec<&Value> = operation
            .get("parameters")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .collect();
        let of = |place: &str| Parameters::new(document, &parameters, place, &id);
        let answers = members(operation.get("responses"))
            .filter(|(status, _)| status.starts_with('2'))
            .flat_map(|(_, answer)| members(answer.get("content")))
            .map(|(media, _)| media.clone())
            .collect();
        let scopes = operation.get("x-required-scopes").and_then(Value::as_array);
        Ok(Operation {
            public: operation.get("security") == Some(&json!([{}])),
            scopes: scopes.into_iter().flatten().map(text).collect(),
            answers,
            query: of("query")?,
            path: of("path")?,
            bodies,
            id,
        })
    }

    /// Whether a body of this media type is taken; parameters of the type are not looked at.
    #[must_use]
    pub fn takes(&self, media_type: &str) -> bool {
        self.bodies.contains_key(media_type)
    }

    /// Checks a JSON body: the body with whole numbers such as `5.0`, which JSON Schema takes for
    /// integers, as the integers that deserialisation expects, and every place that is wrong.
    #[must_use]
    pub fn review_body(&self, media_type: &str, body: Value) -> (Value, Vec<FieldError>) {
        let validator = self.bodies.get(media_type);
        let broken = validator.map_or_else(Vec::new, |validator| found(validator, &body, ""));
        (integral(body), broken)
    }

    /// As [`Operation::review_body`], for a body that must be within the contract to be looked at.
    ///
    /// # Errors
    /// `contract-violation` with every place that is wrong.
    pub fn check_body(&self, media_type: &str, body: Value) -> Result<Value, Problem> {
        let (body, broken) = self.review_body(media_type, body);
        none(broken).map(|()| body)
    }

    /// Checks a query, every parameter of which must be in the contract and given once.
    ///
    /// # Errors
    /// `contract-violation` with every parameter that is wrong.
    pub fn check_query(&self, pairs: Vec<(String, String)>) -> Result<Value, Problem> {
        self.query.read(pairs, "#query")
    }

    /// Checks the parameters of a path.
    ///
    /// # Errors
    /// `not-found`: a path whose parameters are out of their bounds names nothing.
    pub fn check_path(&self, pairs: Vec<(String, String)>) -> Result<Value, Problem> {
        self.path
            .read(pairs, "#path")
            .map_err(|_names_nothing| Problem::of(&catalogue::NOT_FOUND))
    }
}

impl Parameters {
    fn new(
        document: &Value,
        parameters: &[&Value],
        place: &str,
        id: &str,
    ) -> Result<Parameters, ContractError> {
        let (mut types, mut properties, mut required) = (HashMap::new(), Map::new(), Vec::new());
        for parameter in parameters
            .iter()
            .filter(|p| p.get("in") == Some(&json!(place)))
        {
            let name = parameter
                .get("name")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned();
            let schema = parameter
                .get("schema")
                .cloned()
                .unwrap_or_else(|| json!({}));
            let kind = schema
                .get("type")
                .and_then(Value::as_str)
                .unwrap_or("string");
            types.insert(name.clone(), kind.to_owned());
            if parameter.get("required") == Some(&Value::Bool(true)) {
                required.push(name.clone());
            }
            properties.insert(name, schema);
        }
        let schema = json!({
            "type": "object", "properties": properties, "required": required, "additionalProperties": false,
        });
        Ok(Parameters {
            types,
            validator: compile(document, schema, id)?,
        })
    }

    fn read(&self, pairs: Vec<(String, String)>, place: &str) -> Result<Value, Problem> {
        let mut read = Map::new();
        let mut twice = Vec::new();
        for (name, text) in pairs {
            let value = match self.types.get(&name).map(String::as_str) {
                Some("integer") => text.parse::<i64>().map_or(Value::String(text), Value::from),
                Some("boolean") => text
                    .parse::<bool>()
                    .map_or(Value::String(text), Value::from),
                Some(_) | None => Value::String(text),
            };
            if read.insert(name.clone(), value).is_some() {
                twice.push(FieldError::at(
                    format!("{place}/{name}"),
                    Said::new("è indicato più di una volta", "is given more than once"),
                ));
            }
        }
        let read = Value::Object(read);
        twice.extend(found(&self.validator, &read, place));
        none(twice).map(|()| read)
    }
}

/// The validator of a schema, with the components it can reach.
fn compile(
    document: &Value,
    mut schema: Value,
    operation: &str,
) -> Result<Validator, ContractError> {
    let mut components = Map::new();
    let all = document.pointer("/components/schemas");
    let mut wanted = references(&schema);
    while let Some(name) = wanted.pop() {
        if components.contains_key(&name) {
            continue;
        }
        if let Some(component) = all.and_then(|all| all.get(&name)) {
            wanted.extend(references(component));
            components.insert(name, component.clone());
        }
    }
    if let Some(object) = schema.as_object_mut() {
        object.insert("components".to_owned(), json!({ "schemas": components }));
    }
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        .should_validate_formats(true)
        .build(&schema)
        .map_err(|e| ContractError {
            operation: operation.to_owned(),
            why: e.to_string(),
        })
}

/// Names of the component schemas that a schema refers to.
fn references(schema: &Value) -> Vec<String> {
    match schema {
        Value::Object(members) => members
            .iter()
            .flat_map(|(key, value)| match (key.as_str(), value) {
                ("$ref", Value::String(to)) => to
                    .strip_prefix("#/components/schemas/")
                    .map(str::to_owned)
                    .into_iter()
                    .collect(),
                ("example" | "examples", _) => Vec::new(),
                _ => references(value),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(references).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

/// Every place of a value that breaks a schema.
fn found(validator: &Validator, value: &Value, place: &str) -> Vec<FieldError> {
    validator
        .iter_errors(value)
        .take(ERRORS_MAX)
        .flat_map(|error| explain::explain(&error, place))
        .collect()
}

fn none(broken: Vec<FieldError>) -> Result<(), Problem> {
    if broken.is_empty() {
        Ok(())
    } else {
        Err(Problem::of(&catalogue::CONTRACT_VIOLATION).with(broken))
    }
}

fn integral(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(integral).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(key, value)| (key, integral(value)))
            .collect(),
        Value::Number(number) if number.is_f64() => number
            .as_f64()
            .filter(|float| float.fract() == 0.0 && float.abs() < 9.0e15)
            .and_then(|float| format!("{float:.0}").parse::<i64>().ok())
            .map_or(Value::Number(number), Value::from),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

fn members(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

#[cfg(test)]
mod tests;
