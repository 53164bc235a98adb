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
    STATE_FORBIDS: 409 "state-forbids",
        "The state does not allow it" / "Lo stato non lo consente",
        "The resource is in a state that does not allow this change." / "Lo stato della risorsa non consente questa modifica.",
        "Read the resource again; the change may have been made already, or may not be possible any more.";
    REFERENCE_TAKEN: 409 "reference-taken",
        "The reference is taken" / "Il riferimento è già usato",
        "The creditor has a debt position with this reference." / "L'ente ha già una posizione con questo riferimento.",
        "Search for the reference: the position may be the one that was meant. Otherwise choose another reference.";
    NOTICE_NUMBER_TAKEN: 409 "notice-number-taken",
        "A notice number is taken" / "Un numero avviso è già usato",
        "The creditor has a notice with one of the given numbers." / "L'ente ha già un avviso con uno dei numeri indicati.",
        "Leave the numbers out to have them made, or give numbers that were never used.";
    NOT_PAYABLE: 409 "not-payable",
        "The notice cannot be paid" / "L'avviso non è pagabile",
        "The notice cannot be paid today, so that there is nothing to print." / "L'avviso oggi non è pagabile, quindi non c'è nulla da stampare.",
        "Read the notice for its state and its amount by day.";
    CREDIT_DOES_NOT_SUFFICE: 409 "credit-does-not-suffice",
        "The credit does not suffice" / "Il credito non basta",
        "The account would fall below the floor of the canteen, or has nothing to give." / "Il conto scenderebbe sotto il limite della mensa, o non ha nulla da dare.",
        "Read the balance of the account; the family may top it up.";
    NOTIFICATION_KNOWN: 409 "notification-known",
        "Another notification is known" / "È già nota un'altra notifica",
        "Another notification is known, and something has been paid since." / "È già nota un'altra notifica, e nel frattempo è stato pagato qualcosa.",
        "Read the debt position; once it is paid, its notification stays as it is.";
    NOTHING_SHORT: 409 "nothing-short",
        "Nothing is missing" / "Non manca nulla",
        "What was paid covers what was due on that day, or nothing was paid." / "Quanto pagato copre quanto era dovuto quel giorno, oppure non è stato pagato nulla.",
        "Read the payments of the debt position; what was paid beyond what was due is to be refunded.";
    ONLINE_ONLY: 409 "online-only",
        "The notice is paid online only" / "L'avviso si paga solo online",
        "The notice buys a digital revenue stamp, which no counter sells: there is nothing to print." / "L'avviso comprende una marca da bollo digitale, che agli sportelli non si vende: non c'è nulla da stampare.",
        "Send the citizen to the creditor's own pages to pay it.";
    SECOND_PERSON_REQUIRED: 409 "second-person-required",
        "Another person must approve" / "Deve approvare un'altra persona",
        "The creditor wants two people behind a decision: who proposes it cannot approve it." / "L'ente vuole due persone dietro una decisione: chi la propone non può approvarla.",
        "Have another client, with a key of its own, approve the decision.";
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
    RULE_VIOLATION: 422 "rule-violation",
        "A rule is broken" / "Una regola non è rispettata",
        "The request is well formed, and breaks a rule of the charge, of a code or of the registry." / "La richiesta è ben formata ma viola una regola del dovuto, di un codice o dell'anagrafica.",
        "Correct what `errors` points at, all of it is listed.";
    UNKNOWN_SERVICE: 422 "unknown-service",
        "No such service" / "Servizio inesistente",
        "The creditor has no service with this code in force on the day of issue." / "L'ente non ha un servizio con questo codice in vigore alla data di emissione.",
        "List the services of the creditor; register the service, or a version of it for that day.";
    NO_STATION: 422 "no-station",
        "The creditor cannot issue notices" / "L'ente non può emettere avvisi",
        "The creditor is not registered, or has no station in force on the day of issue." / "L'ente non è registrato, o non ha una stazione attiva alla data di emissione.",
        "Register a station of the creditor that is valid on that day.";
    IDEMPOTENCY_KEY_REUSED: 422 "idempotency-key-reused",
        "The idempotency key was used already" / "La chiave di idempotenza è già stata usata",
        "The same `Idempotency-Key` came with another body." / "La stessa `Idempotency-Key` è arrivata con un altro corpo.",
        "Use a new key for a new intent, and the same key only to repeat the same request.";
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
    STORAGE_FULL: 503 "storage-full",
        "The storage is full" / "Lo spazio è esaurito",
        "There is no room to store what was sent; nothing of it was stored." / "Non c'è spazio per registrare quanto inviato; nulla è stato registrato.",
        "Have room made on the disk of the engine or of its database, then repeat the request.";
    STORAGE_READ_ONLY: 503 "storage-read-only",
        "The storage takes no writes" / "L'archivio è in sola lettura",
        "The database takes no writes now; nothing of what was sent was stored." / "La base dati ora non accetta scritture; nulla di quanto inviato è stato registrato.",
        "Have the database made writable again, then repeat the request.";
}
