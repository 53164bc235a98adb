//! JSON as a strict reader takes it: an object that names a member twice says two things, so it is refused.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Why a text is not taken.
#[derive(Debug, PartialEq, Eq)]
pub enum JsonError {
    /// It is no JSON. The reason may quote the text and is not kept.
    Malformed,
    /// The member at this JSON pointer is given more than once.
    Repeated(String),
}

/// Reads one JSON document.
///
/// # Errors
/// [`JsonError`].
pub fn read(bytes: &[u8]) -> Result<Value, JsonError> {
    let repeated = RefCell::new(None);
    let node = Node {
        place: Place::Root,
        repeated: &repeated,
    };
    let mut source = serde_json::Deserializer::from_slice(bytes);
    let read = node
        .deserialize(&mut source)
        .and_then(|value| source.end().map(|()| value));
    read.map_err(|_may_quote| match repeated.take() {
        Some(pointer) => JsonError::Repeated(pointer),
        None => JsonError::Malformed,
    })
}

/// Where a value stands, from the inside out.
#[derive(Clone, Copy)]
enum Place<'a> {
    Root,
    Member(&'a Place<'a>, &'a str),
    Item(&'a Place<'a>, usize),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Root => Ok(()),
            Place::Member(parent, name) => {
                write!(f, "{parent}/{}", name.replace('~', "~0").replace('/', "~1"))
            }
            Place::Item(parent, at) => write!(f, "{parent}/{at}"),
        }
    }
}

/// Reads the value at a place, and notes the first repeated member.
#[derive(Clone, Copy)]
struct Node<'a> {
    place: Place<'a>,
    repeated: &'a RefCell<Option<String>>,
}

impl<'a> Node<'a> {
    fn at(self, place: Place<'a>) -> Node<'a> {
        Node { place, ..self }
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Value, D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut read = Vec::new();
        loop {
            let place = Place::Item(&self.place, read.len());
            match items.next_element_seed(self.at(place))? {
                Some(item) => read.push(item),
                None => return Ok(Value::Array(read)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut read = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let place = Place::Member(&self.place, &name);
            if read.contains_key(&name) {
                self.repeated.replace(Some(place.to_string()));
                return Err(A::Error::custom("a member is given more than once"));
            }
            let value = members.next_value_seed(self.at(place))?;
            read.insert(name, value);
        }
        Ok(Value::Object(read))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn repeated(text: &str) -> String {
        match read(text.as_bytes()) {
            Err(JsonError::Repeated(pointer)) => pointer,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn a_member_given_twice_is_named() {
        assert_eq!(repeated(r#"{"a": 1, "b": 2, "a": 1}"#), "/a");
        assert_eq!(
            repeated(r#"{"x": [0, {"debtor": {"tax_code": "A", "tax_code": "B"}}]}"#),
            "/x/1/debtor/tax_code"
        );
        assert_eq!(repeated(r#"{"a/b~": 1, "a\u002fb~": 2}"#), "/a~1b~0");
        let apart = br#"[{"a": 1}, {"a": {"a": 2}}]"#;
        assert!(read(apart).is_ok());
    }

    #[test]
    fn what_is_no_document_is_malformed() {
        let deep = "[".repeat(200) + &"]".repeat(200);
        for wrong in ["", "{", "{} {}", "nul", "\u{feff}{}", "{\"a\":1,}", &deep] {
            assert_eq!(read(wrong.as_bytes()), Err(JsonError::Malformed), "{wrong}");
        }
        assert_eq!(read(b"\"\xff\""), Err(JsonError::Malformed));
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(".{0,8}", inner, 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn everything_else_is_read_as_by_anybody(value in value()) {
            let text = value.to_string();
            let expected: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(read(text.as_bytes()), Ok(expected));
        }
    }
}
