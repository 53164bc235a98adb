//! Every kind of problem that the API can answer with. A slug is a promise: it is never renamed.

/// A sentence in both languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said {
    /// English.
    pub en: &'static str,
    /// Italian.
    pub it: &'static str,
}

/// One kind of problem.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// Last segment of its type, `not-found`.
    pub slug: &'static str,
    /// HTTP status.
    pub status: u16,
    /// Short and the same for every occurrence (RFC 9457, `title`).
    pub title: Said,
    /// When it happens; the `detail` of an occurrence that has nothing more to say.
    pub when: Said,
    /// What the caller should do.
    pub remedy: &'static str,
}

macro_rules! catalogue {
    ($($name:ident: $status:literal $slug:literal,
        $title:literal / $titolo:literal,
        $when:literal / $quando:literal,
        $remedy:literal;)*) => {
        $(
            #[doc = $when]
            pub static $name: Kind = Kind {
                slug: $slug,
                status: $status,
                title: Said { en: $title, it: $titolo },
                when: Said { en: $when, it: $quando },
                remedy: $remedy,
            };
        )*

        /// The catalogue, by status.
        pub static ALL: &[&Kind] = &[$(&$name),*];

        #[cfg(test)]
        pub(super) const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

catalogue! {
    MALFORMED_REQUEST: 400 "malformed-request",
        "Malformed request" / "Richiesta malformata",
        "The request cannot be read." / "La richiesta non è leggibile.",
        "Correct the request line, the headers or the body; repeating it as it is gives the same answer.";
    MALFORMED_BODY: 400 "malformed-body",
        "Malformed body" / "Corpo malformato",
        "The body is not JSON, or not UTF-8." / "Il corpo non è JSON, o non è UTF-8.",
        "Send one JSON document in UTF-8, without a byte order mark.";
    MISSING_HEADER: 400 "missing-header",
        "A header is missing" / "Manca un'intestazione",
        "A header that this operation needs is missing." / "Manca un'intestazione necessaria a questa operazione.",
        "Add the header that `errors` names.";
    MALFORMED_HEADER: 400 "malformed-header",
        "A header has a wrong form" / "Un'intestazione ha una forma errata",
        "A header does not have the form that the contract says." / "Un'intestazione non ha la forma prevista dal contratto.",
        "Correct the header that `errors` names.";
    CREDENTIALS_REQUIRED: 401 "credentials-required",
        "Credentials are required" / "Servono credenziali",
        "Credentials are missing or not valid." / "Le credenziali mancano o non sono valide.",
        "Send `Authorization: Bearer` with a key that has not been revoked.";
    NOT_ALLOWED: 403 "not-allowed",
        "Not allowed" / "Operazione non consentita",
        "The credentials do not carry the scope that this operation asks for." / "Le credenziali non hanno l'ambito richiesto da questa operazione.",
        "Use a client whose roles grant the operation's `x-required-scopes`.";
    NOT_FOUND: 404 "not-found",
        "Not found" / "Non trovato",
        "There is no such resource, or it belongs to another creditor." / "La risorsa non esiste, o appartiene a un altro ente.",
        "Check the identifier, and that the key belongs to the creditor of the resource.";
    METHOD_NOT_ALLOWED: 405 "method-not-allowed",
        "Method not allowed" / "Metodo non consentito",
        "The path exists, the method does not." / "Il percorso esiste, il metodo no.",
        "Use one of the methods that `Allow` lists.";
    NOT_ACCEPTABLE: 406 "not-acceptable",
        "Not acceptable" / "Formato non disponibile",
        "None of the accepted media types can be made." / "Nessuno dei formati accettati è disponibile.",
        "Accept one of the media types of the contract.";
    PRECONDITION_FAILED: 412 "precondition-failed",
        "The resource has changed" / "La risorsa è cambiata",
        "The entity tag is not that of the resource as it is now." / "L'etichetta non è quella attuale della risorsa.",
        "Read the resource again and repeat the change with its new `ETag`.";
    CONTENT_TOO_LARGE: 413 "content-too-large",
        "The body is too large" / "Il corpo è troppo grande",
        "The body is larger than this operation takes." / "Il corpo supera il limite di questa operazione.",
        "Send less at once.";
    UNSUPPORTED_MEDIA_TYPE: 415 "unsupported-media-type",
        "Unsupported media type" / "Formato del corpo non previsto",
        "The media type of the body is not one that the contract lists." / "Il formato del corpo non è tra quelli del contratto.",
        "Send `Content-Type` as the contract says.";
    CONTRACT_VIOLATION: 422 "contract-violation",
        "The request does not match the contract" / "La richiesta non rispetta il contratto",
        "The body or a parameter breaks a bound of the contract." / "Il corpo o un parametro viola un limite del contratto.",
        "Correct what `errors` points at, all of it is listed.";
    PRECONDITION_REQUIRED: 428 "precondition-required",
        "A precondition is required" / "Serve una condizione",
        "A change needs `If-Match` with the entity tag that was read." / "Una modifica richiede `If-Match` con l'etichetta letta.",
        "Read the resource and send its `ETag` as `If-Match`.";
    TOO_MANY_REQUESTS: 429 "too-many-requests",
        "Too many requests" / "Troppe richieste",
        "The client has used up its quota." / "Il client ha esaurito la sua quota.",
        "Wait for the seconds of `Retry-After`.";
    INTERNAL_ERROR: 500 "internal-error",
        "Internal error" / "Errore interno",
        "Something failed on our side." / "Si è verificato un errore interno.",
        "Report the value of `instance`; repeat the request with the same `Idempotency-Key`.";
    UNAVAILABLE: 503 "unavailable",
        "Not available now" / "Non disponibile ora",
        "The engine cannot answer now." / "Il servizio non può rispondere ora.",
        "Repeat the request after the seconds of `Retry-After`.";
}
