//! The columns of every report: the header of CSV, the OpenAPI description and the documents come from
//! here.

use crate::domain::accounting::AccountingKey;
use crate::render::csv::{Cell, Column, Unit};

pub(super) const fn column(
    name: &'static str,
    unit: Unit,
    label: &'static str,
    meaning: &'static str,
) -> Column {
    Column {
        name,
        label,
        meaning,
        unit,
        width: match unit {
            Unit::Text => 12,
            Unit::Count => 8,
            Unit::Cents => 13,
            Unit::Rate => 9,
            Unit::Day => 10,
            Unit::Instant => 19,
        },
    }
}

/// A key in its four columns: chapter, article, claim, account.
pub(super) fn key_cells(key: Option<&AccountingKey>) -> [Cell; 4] {
    let text = |text: Option<String>| text.map_or(Cell::Empty, Cell::Text);
    let Some(key) = key else {
        return [Cell::Empty, Cell::Empty, Cell::Empty, Cell::Empty];
    };
    let claim = key.claim.as_ref();
    [
        text(key.chapter.as_ref().map(ToString::to_string)),
        text(key.article.as_ref().map(ToString::to_string)),
        text(claim.map(|claim| format!("{}/{}", claim.year, claim.number))),
        Cell::Text(key.plan_code.as_str().to_owned()),
    ]
}

// Columns of several reports.
pub(super) const ACCOUNT: Column =
    column("account", Unit::Text, "Conto", "Conto evidenza").wide(12);
pub(super) const PAID_AMOUNT: Column = column(
    "amount",
    Unit::Cents,
    "Importo",
    "Somma pagata, senza commissioni",
);
pub(super) const ARTICLE: Column =
    column("article", Unit::Text, "Articolo", "Articolo del capitolo").wide(8);
pub(super) const CHAPTER: Column = column(
    "chapter",
    Unit::Text,
    "Capitolo",
    "Capitolo di bilancio; vuoto se non è indicato",
)
.wide(8);
pub(super) const CLAIM: Column = column(
    "claim",
    Unit::Text,
    "Accertamento",
    "Anno e numero dell'accertamento",
)
.wide(12);
pub(super) const LINE_CODE: Column =
    column("code", Unit::Text, "Codice", "Codice di riconciliazione").wide(22);
pub(super) const COLLECTED: Column = column(
    "collected",
    Unit::Cents,
    "Riscosso",
    "Somma delle ricevute, quota dell'ente",
);
pub(super) const DEBTOR_NAME: Column =
    column("debtor_name", Unit::Text, "Debitore", "Nome di chi deve").wide(24);
pub(super) const DEBTOR_TAX_CODE: Column = column(
    "debtor_tax_code",
    Unit::Text,
    "CF debitore",
    "Codice fiscale di chi deve",
)
.wide(16);
pub(super) const FLAGS: Column = column(
    "flags",
    Unit::Text,
    "Segnalazioni",
    "Osservazioni ulteriori",
)
.wide(24);
pub(super) const FLOW_ID: Column = column(
    "flow_id",
    Unit::Text,
    "Flusso",
    "Identificativo del flusso (IUF)",
)
.wide(34);
pub(super) const IUV: Column =
    column("iuv", Unit::Text, "IUV", "Riferimento del versamento").wide(17);
pub(super) const LINE_LABEL: Column =
    column("label", Unit::Text, "Stato", "Che cosa significa il codice").wide(26);
pub(super) const OWN_AMOUNT: Column = column(
    "own_amount",
    Unit::Cents,
    "Quota dell'ente",
    "Parte destinata all'ente",
);
pub(super) const PAID_ON: Column = column(
    "paid_on",
    Unit::Day,
    "Giorno",
    "Giorno legale del pagamento",
);
pub(super) const PAYER_TAX_CODE: Column = column(
    "payer_tax_code",
    Unit::Text,
    "CF versante",
    "Codice fiscale di chi ha pagato, se comunicato",
)
.wide(16);
pub(super) const PLAN_CODE: Column = column(
    "plan_code",
    Unit::Text,
    "Piano dei conti",
    "Voce di V livello, codice SIOPE",
)
.wide(16);
pub(super) const PSP_ID: Column =
    column("psp_id", Unit::Text, "PSP", "Chi ha inviato il flusso").wide(13);
pub(super) const RECEIPT_ID: Column = column(
    "receipt_id",
    Unit::Text,
    "Ricevuta",
    "Identificativo della ricevuta telematica (IUR)",
)
.wide(32);
pub(super) const ROW: Column = column("row", Unit::Count, "Riga", "Posizione nel flusso");
pub(super) const OWN_SERVICE_CODE: Column = column(
    "service_code",
    Unit::Text,
    "Servizio",
    "Codice del servizio",
)
.wide(16);
pub(super) const SERVICE_CODE: Column = column(
    "service_code",
    Unit::Text,
    "Servizio",
    "Codice del servizio; vuoto se l'avviso non è nostro",
)
.wide(16);
pub(super) const SERVICE_TITLE: Column = column(
    "service_title",
    Unit::Text,
    "Descrizione",
    "Nome del servizio",
)
.wide(34);
pub(super) const SETTLED: Column = column(
    "settled",
    Unit::Cents,
    "Incassato",
    "Di cui in tesoreria e riconciliato",
);
pub(super) const TRANSFER: Column = column(
    "transfer",
    Unit::Count,
    "Indice",
    "Quale versamento della ricevuta",
)
.wide(5);
pub(super) const TRANSFERS: Column = column(
    "transfers",
    Unit::Count,
    "Versamenti",
    "Versamenti a favore dell'ente",
);

pub(super) const RECEIPTS_BY_DAY: &[Column] = &[
    PAID_ON,
    SERVICE_CODE,
    column(
        "receipts",
        Unit::Count,
        "Ricevute",
        "Numero di ricevute telematiche",
    ),
    PAID_AMOUNT,
    OWN_AMOUNT,
    column(
        "anomalies",
        Unit::Count,
        "Anomalie",
        "Ricevute con un'anomalia",
    ),
];

pub(super) const FLOW_RECONCILIATION: &[Column] = &[
    column(
        "regulation_on",
        Unit::Day,
        "Data regolamento",
        "Giorno del bonifico del PSP",
    ),
    PSP_ID,
    FLOW_ID.wide(30),
    column(
        "revision",
        Unit::Count,
        "Revisione",
        "Versione del flusso in vigore",
    )
    .wide(5),
    column(
        "regulation",
        Unit::Text,
        "Riferimento bonifico",
        "TRN o CRO dichiarato dal PSP",
    )
    .wide(18),
    ROW,
    IUV.wide(18),
    column(
        "iur",
        Unit::Text,
        "IUR",
        "Riferimento della riscossione, di norma l'id della ricevuta",
    )
    .wide(30),
    TRANSFER,
    column(
        "amount",
        Unit::Cents,
        "Importo",
        "Importo della riga, negativo se revocata",
    ),
    column(
        "outcome",
        Unit::Count,
        "Esito",
        "Codice esito del singolo pagamento; -1 se sconosciuto",
    )
    .wide(5),
    column("paid_on", Unit::Day, "Data esito", "Giorno del pagamento"),
    LINE_CODE.wide(24),
    LINE_LABEL,
    FLAGS,
];

pub(super) const NOT_RECONCILED: &[Column] = &[
    column(
        "since",
        Unit::Day,
        "Dal",
        "Giorno del fatto più recente dietro il codice",
    ),
    column("age_days", Unit::Count, "Giorni", "Giorni trascorsi a oggi"),
    column("age_bucket", Unit::Text, "Fascia", "0-3, 4-10, 11-30, 30+"),
    column(
        "line_kind",
        Unit::Text,
        "Tipo",
        "receipt, flow_line o treasury",
    )
    .wide(10),
    column(
        "line",
        Unit::Text,
        "Riga",
        "Ricevuta/indice, PSP/flusso/revisione/riga o anno/conto/numero",
    )
    .wide(34),
    column(
        "iuv",
        Unit::Text,
        "IUV",
        "Riferimento del versamento, se c'è",
    )
    .wide(18),
    column("amount", Unit::Cents, "Importo", "Importo della riga"),
    LINE_CODE.wide(24),
    LINE_LABEL,
    column(
        "group",
        Unit::Text,
        "Gruppo",
        "pending o anomaly, tenuto conto dei giorni trascorsi",
    )
    .wide(9),
    column(
        "mypivot",
        Unit::Text,
        "MyPivot",
        "Etichette equivalenti di MyPivot",
    )
    .wide(18),
    FLAGS,
    column(
        "reconciliation_id",
        Unit::Text,
        "Identificativo",
        "Id della riga di riconciliazione",
    )
    .wide(36),
];

pub(super) const REVENUE_BY_SERVICE: &[Column] = &[
    SERVICE_CODE,
    SERVICE_TITLE,
    column(
        "accounting_key",
        Unit::Text,
        "Chiave contabile",
        "Capitolo, accertamento o voce del piano dei conti",
    )
    .wide(22),
    TRANSFERS,
    COLLECTED,
    SETTLED,
    column(
        "to_settle",
        Unit::Cents,
        "Da incassare",
        "Riscosso meno incassato",
    ),
];

pub(super) const CANTEEN_CERTIFICATE: &[Column] = &[
    column(
        "pupil_tax_code",
        Unit::Text,
        "Alunno",
        "Codice fiscale dell'alunno",
    ),
    column(
        "pupil_name",
        Unit::Text,
        "Nome dell'alunno",
        "Nome, se indicato dall'ufficio",
    ),
    column(
        "school",
        Unit::Text,
        "Scuola",
        "Scuola, se indicata dall'ufficio",
    ),
    column(
        "payer_tax_code",
        Unit::Text,
        "Pagatore",
        "Codice fiscale di chi ha pagato: il versante della ricevuta, altrimenti il debitore",
    ),
    column(
        "payer_name",
        Unit::Text,
        "Nome del pagatore",
        "Nome di chi ha pagato",
    ),
    column(
        "payments",
        Unit::Count,
        "Pagamenti",
        "Numero di pagamenti nel periodo",
    ),
    column(
        "paid",
        Unit::Cents,
        "Pagato",
        "Somma per data di pagamento, senza interessi e spese",
    ),
    column(
        "refunded",
        Unit::Cents,
        "Rimborsato",
        "Credito restituito nel periodo",
    ),
    column("amount", Unit::Cents, "Spesa", "Pagato meno rimborsato"),
    column(
        "deduction",
        Unit::Cents,
        "Detrazione",
        "Detrazione indicativa secondo le condizioni del servizio; vuota se non previste",
    ),
];
