//! Digital revenue stamps: what the creditor asks, and the document that the provider hands out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};

use crate::money::euro;
use crate::psps::Psp;
use crate::rng::Rng;
use crate::soap::{self, Element, Fill, fill};

/// A stamp as the creditor asks for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    /// Base64 of the SHA-256 of the document.
    #[serde(rename = "h")]
    pub(crate) hash: String,
    #[serde(rename = "p")]
    pub(crate) province: String,
}

/// Reads `richiestaMarcaDaBollo`.
pub(crate) fn read(request: &Element) -> Result<Stamp, String> {
    let text = |path: &str| request.text(path).unwrap_or_default().to_owned();
    let (hash, province) = (text("hashDocumento"), text("provinciaResidenza"));
    if STANDARD.decode(&hash).is_ok_and(|bytes| bytes.len() == 32) {
        if request.text("tipoBollo") != Some("01") {
            return Err("tipoBollo is not 01".to_owned());
        }
        if province.len() != 2 || !province.bytes().all(|b| b.is_ascii_uppercase()) {
            return Err("provinciaResidenza is not two capital letters".to_owned());
        }
        return Ok(Stamp { hash, province });
    }
    Err("hashDocumento is not the base64 of a SHA-256".to_owned())
}

/// `MBDAttachment`: the document of a stamp in base64. It follows from the token and the place of the
/// transfer. Its signature is invented: nobody here holds the provider's key.
pub(crate) fn attachment(
    stamp: &Stamp,
    (token, n): (&str, u8),
    (cents, psp, at): (u64, &Psp, NaiveDateTime),
) -> String {
    let mut rng = Rng::of(0, &["stamp", token, &n.to_string()]);
    let number = format!("{:014}", rng.below(100_000_000_000_000));
    let signature: Vec<u8> = (0..256)
        .map(|_| u8::try_from(rng.below(256)).unwrap_or(0))
        .collect();
    let (bought, price) = (at.format("%Y-%m-%dT%H:%M:%S").to_string(), euro(cents));
    let document = fill(
        soap::STAMP,
        &[
            ("CodiceFiscale", Fill::Text(psp.tax_code)),
            ("Denominazione", Fill::Text(psp.name)),
            ("IUBD", Fill::Text(&number)),
            ("OraAcquisto", Fill::Text(&bought)),
            ("Importo", Fill::Text(&price)),
            ("DigestValue", Fill::Text(&stamp.hash)),
            ("SignatureValue", Fill::Text(&STANDARD.encode(signature))),
        ],
    );
    STANDARD.encode(document)
}
