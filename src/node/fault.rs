//! What went wrong, in the node's words: one exhaustive match from errors to `PAA_*` faults
//! (SANP, "Gestione degli errori").

use crate::app::payments;
use crate::domain::position::NotPayable;
use crate::wire::pa_for_node as wire;

/// Why a call is answered KO.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// `idBrokerPA` runs no station of this engine.
    #[error("unknown broker")]
    UnknownBroker,
    /// `idStation` is not of that broker, or does not serve that creditor.
    #[error("unknown station")]
    UnknownStation,
    /// `idPA` is no creditor of this engine, or the QR code names another one.
    #[error("unknown creditor")]
    UnknownCreditor,
    /// The operation is not offered for this creditor or in this version.
    #[error("not offered")]
    NotOffered,
    /// A value that the schema lets through contradicts the others; names the element.
    #[error("inconsistent {0}")]
    Semantics(&'static str),
    /// A rule beyond the schema: the parts of a receipt must be told apart.
    #[error("idTransfer is repeated")]
    RepeatedTransfer,
    /// A receipt with this id says something else.
    #[error("another receipt has this id")]
    OtherReceiptFiled,
    /// A rule that every stored row keeps is broken.
    #[error("broken invariant: {0}")]
    Broken(&'static str),
    /// The payment's own.
    #[error(transparent)]
    Payment(#[from] payments::Error),
}

/// A fault of the creditor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    code: &'static str,
    text: &'static str,
    creditor: String,
    description: Option<String>,
}

impl Fault {
    /// A request that breaks its schema: says which element and which rule.
    #[must_use]
    pub fn syntax(creditor: &str, violation: &str) -> Fault {
        Fault {
            code: "PAA_SINTASSI_XSD",
            text: "Errore di sintassi XSD",
            creditor: creditor.to_owned(),
            description: Some(violation.to_owned()),
        }
    }

    /// The fault as the message carries it.
    #[must_use]
    pub fn into_wire(self) -> wire::Fault {
        wire::Fault {
            code: self.code.to_owned(),
            string: self.text.to_owned(),
            id: self.creditor,
            description: self.description,
        }
    }
}

/// The fault of a refusal; internal errors are logged here, once, and not told.
#[must_use]
pub fn of(refusal: &Refusal, creditor: &str) -> Fault {
    let (code, text) = code_of(refusal);
    let internal = code == SYSTEM_ERROR.0;
    if internal {
        tracing::error!(creditor, error = %refusal, "node call failed");
    }
    let description = (!internal).then(|| refusal.to_string());
    Fault {
        code,
        text,
        creditor: creditor.to_owned(),
        description,
    }
}

const SYSTEM_ERROR: (&str, &str) = ("PAA_SYSTEM_ERROR", "Errore generico");
const SEMANTICS: (&str, &str) = ("PAA_SEMANTICA", "Errore semantico");

fn code_of(refusal: &Refusal) -> (&'static str, &'static str) {
    match refusal {
        Refusal::UnknownBroker => (
            "PAA_ID_INTERMEDIARIO_ERRATO",
            "Identificativo intermediario non corrispondente",
        ),
        Refusal::UnknownStation => (
            "PAA_STAZIONE_INT_ERRATA",
            "Stazione intermediario non corrispondente",
        ),
        Refusal::UnknownCreditor => (
            "PAA_ID_DOMINIO_ERRATO",
            "La PAA non corrisponde al Dominio indicato",
        ),
        Refusal::NotOffered | Refusal::Semantics(_) => SEMANTICS,
        Refusal::RepeatedTransfer => ("PAA_SINTASSI_EXTRAXSD", "Errore di sintassi extra XSD"),
        Refusal::OtherReceiptFiled => (
            "PAA_RECEIPT_DUPLICATA",
            "Ricevuta gia' acquisita con contenuto diverso",
        ),
        Refusal::Broken(_) => SYSTEM_ERROR,
        Refusal::Payment(error) => code_of_payment(error),
    }
}

fn code_of_payment(error: &payments::Error) -> (&'static str, &'static str) {
    use payments::Error::{
        NotPayable as No, Receipt, Render, StampInV1, Store, UnknownNotice, UnknownPayment,
    };
    let unknown = (
        "PAA_PAGAMENTO_SCONOSCIUTO",
        "Pagamento in attesa risulta sconosciuto all'Ente Creditore",
    );
    let paid = (
        "PAA_PAGAMENTO_DUPLICATO",
        "Pagamento in attesa risulta concluso all'Ente Creditore",
    );
    match error {
        // A draft is not published: to the outside it does not exist.
        UnknownNotice | UnknownPayment | No(NotPayable::NotPublished) => unknown,
        No(NotPayable::AlreadyPaid | NotPayable::OtherOptionPaid) => paid,
        No(NotPayable::Expired | NotPayable::PlanLapsed) => (
            "PAA_PAGAMENTO_SCADUTO",
            "Pagamento in attesa risulta scaduto all'Ente Creditore",
        ),
        No(NotPayable::Withdrawn | NotPayable::Suspended) => (
            "PAA_PAGAMENTO_ANNULLATO",
            "Pagamento in attesa risulta annullato all'Ente Creditore",
        ),
        StampInV1 | Receipt(_) => SEMANTICS,
        Render(_) | Store(_) => SYSTEM_ERROR,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_that_cannot_be_paid_has_its_fault() {
        let code = |why: NotPayable| code_of(&Refusal::Payment(why.into())).0;
        assert_eq!(code(NotPayable::NotPublished), "PAA_PAGAMENTO_SCONOSCIUTO");
        assert_eq!(code(NotPayable::Expired), "PAA_PAGAMENTO_SCADUTO");
        assert_eq!(code(NotPayable::PlanLapsed), "PAA_PAGAMENTO_SCADUTO");
        assert_eq!(code(NotPayable::Withdrawn), "PAA_PAGAMENTO_ANNULLATO");
        assert_eq!(code(NotPayable::Suspended), "PAA_PAGAMENTO_ANNULLATO");
        assert_eq!(code(NotPayable::AlreadyPaid), "PAA_PAGAMENTO_DUPLICATO");
        assert_eq!(code(NotPayable::OtherOptionPaid), "PAA_PAGAMENTO_DUPLICATO");
    }

    #[test]
    fn an_internal_error_is_not_told_to_the_node() {
        let down = Refusal::Payment(crate::store::Error::Down("secret host".into()).into());
        assert_eq!(of(&down, "99999000203").description, None);
    }
}
