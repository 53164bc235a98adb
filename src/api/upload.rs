//! A body that is a file of text. It waits on the disk while it is read: however large it is, memory does not
//! grow with it.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, Write as _};
use std::pin::Pin;

use actix_web::dev::{Decompress, Payload};
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::StreamExt as _;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::State;
use super::contract::Operation;
use super::input::announced;
use super::problem::{Language, Problem, catalogue};
use crate::domain::text::Said;
use crate::wire::giornale::Decoder;

/// Bytes that are written to the disk at a time.
const BLOCK: usize = 1 << 20;

/// A body that is a file of text.
pub(super) struct TextFile {
    /// As it came, from its beginning.
    file: File,
    /// The character set that the media type names.
    charset: Option<String>,
    /// Media type, without parameters.
    pub(super) media_type: String,
    /// SHA-256 of the bytes as they came.
    pub(super) digest: [u8; 32],
    /// SHA-256 of that and of the query, by which a repeated request is recognised: the same file read by
    /// another description of it is another intent.
    pub(super) intent: [u8; 32],
    /// The language in which the caller wants to be told what cannot be read.
    pub(super) language: Language,
}

/// What it says, decoded.
pub(super) type Text = Decoder<BufReader<File>>;

impl TextFile {
    /// What it says. Its characters were found to be of their set.
    ///
    /// # Errors
    /// The disk's.
    pub(super) fn text(self) -> io::Result<Text> {
        decoder(self.file, self.charset.as_deref())
    }

    /// Reads it once to the end: whether it has a text, and all of its characters are of their set.
    fn check(mut self, operation: &Operation) -> Result<TextFile, Problem> {
        let again = self.file.try_clone()?;
        let text = decoder(again, self.charset.as_deref());
        let fits = text.and_then(|text| fits(BufReader::new(text)));
        match fits {
            Ok(None) => {}
            // The contract says what is wrong with a text like it.
            Ok(Some(like)) => {
                operation.check_body(&self.media_type, Value::String(like.to_owned()))?;
            }
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Err(Problem::at(&catalogue::MALFORMED_BODY, "", characters()));
            }
            Err(error) => return Err(error.into()),
        }
        self.file.rewind()?;
        Ok(self)
    }
}

fn decoder(mut file: File, charset: Option<&str>) -> io::Result<Text> {
    file.rewind()?;
    Decoder::new(BufReader::new(file), charset)
}

/// A short text that breaks the rule of the contract which this one breaks, if it does.
fn fits(mut text: impl Read) -> io::Result<Option<&'static str>> {
    let (mut block, mut empty) = (vec![0; 64 << 10], true);
    loop {
        let read = text.read(&mut block)?;
        let some = block.get(..read).unwrap_or_default();
        if some.contains(&0) {
            return Ok(Some("\0"));
        }
        if read == 0 {
            return Ok(empty.then_some(""));
        }
        empty = false;
    }
}

impl FromRequest for TextFile {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let state = request.app_data::<web::Data<State>>();
        let mib = state.map_or(1, |state| state.ctx.config.file_mib);
        let max = usize::try_from(mib).unwrap_or(1).saturating_mul(1 << 20);
        let start = announced(request, max);
        let mut payload = payload.take();
        let request = request.clone();
        Box::pin(async move {
            let (operation, media_type) = start.map_err(|problem| bounded(problem, mib))?;
            let (file, digest) = receive(&request, &mut payload, max)
                .await
                .map_err(|problem| bounded(problem, mib))?;
            let intent = [digest.as_slice(), request.query_string().as_bytes()].concat();
            let file = TextFile {
                file,
                charset: charset(&request).map(str::to_owned),
                media_type,
                digest,
                intent: Sha256::digest(intent).into(),
                language: Language::of(request.headers()),
            };
            web::block(move || file.check(&operation)).await?
        })
    }
}

/// Writes the body to a file without a name, and sums its bytes up.
async fn receive(
    request: &HttpRequest,
    payload: &mut Payload,
    max: usize,
) -> Result<(File, [u8; 32]), Problem> {
    let mut file = web::block(tempfile::tempfile).await??;
    let mut decoded = Decompress::from_headers(payload.take(), request.headers());
    let (mut block, mut length) = (Vec::with_capacity(BLOCK), 0usize);
    let mut digest = Sha256::new();
    let mut more = true;
    while more {
        match decoded.next().await {
            Some(Ok(chunk)) => {
                length = length.saturating_add(chunk.len());
                block.extend_from_slice(&chunk);
            }
            Some(Err(_cut_off)) => return Err(Problem::of(&catalogue::MALFORMED_REQUEST)),
            None => more = false,
        }
        if length > max {
            return Err(Problem::of(&catalogue::CONTENT_TOO_LARGE));
        }
        if block.len() >= BLOCK || !more {
            let write = move || {
                file.write_all(&block)?;
                digest.update(&block);
                block.clear();
                Ok::<_, io::Error>((file, digest, block))
            };
            (file, digest, block) = web::block(write).await??;
        }
    }
    Ok((file, digest.finalize().into()))
}

/// A body beyond the limit is told the limit.
fn bounded(problem: Problem, mib: u32) -> Problem {
    if problem.kind() != &catalogue::CONTENT_TOO_LARGE {
        return problem;
    }
    problem.saying(Said::new(
        format!("Il file supera {mib} MiB, il massimo di questa installazione (AVVISO_FILE_MIB): va diviso."),
        format!("The file is larger than {mib} MiB, the most of this installation (AVVISO_FILE_MIB): divide it."),
    ))
}

/// Why a file cannot be decoded.
fn characters() -> Said {
    Said::new(
        "i caratteri non sono dell'insieme indicato (UTF-8 se non lo è): indicare charset nel Content-Type, \
         uno tra UTF-8, UTF-16, ISO-8859-1, ISO-8859-15 e Windows-1252",
        "its characters are not of the set that is named (UTF-8 when none is): name the charset in \
         Content-Type, one of UTF-8, UTF-16, ISO-8859-1, ISO-8859-15 and Windows-1252",
    )
}

/// The character set that a media type names.
fn charset(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get(header::CONTENT_TYPE)?.to_str().ok()?;
    let mut parameters = value
        .split(';')
        .skip(1)
        .filter_map(|one| one.split_once('='));
    let (_, set) = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))?;
    Some(set.trim().trim_matches('"'))
}
