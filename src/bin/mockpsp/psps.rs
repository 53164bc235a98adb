//! The invented payment service providers behind the node. None of them exists.

use crate::rng::Rng;

/// One provider, with the texts that travel in receipts and flows.
#[derive(Debug)]
pub(crate) struct Psp {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) tax_code: &'static str,
    pub(crate) channel: &'static str,
    pub(crate) channel_text: &'static str,
    /// Commission to the payer, in cents; not part of the payment.
    pub(crate) fee: u64,
    /// Share of the payments, in parts of a hundred.
    weight: u64,
}

pub(crate) const ALL: [Psp; 5] = [
    Psp {
        id: "BAURITM1XXX",
        name: "Banca Aurora S.p.A.",
        tax_code: "90411750012",
        channel: "90411750012_01",
        channel_text: "app",
        fee: 100,
        weight: 34,
    },
    Psp {
        id: "CRVLIT2TXXX",
        name: "Cassa Rurale di Valleverde",
        tax_code: "90522860023",
        channel: "90522860023_02",
        channel_text: "frontOffice",
        fee: 150,
        weight: 16,
    },
    Psp {
        id: "PGLSIT31XXX",
        name: "Pagolesto Istituto di Pagamento S.p.A.",
        tax_code: "90633970034",
        channel: "90633970034_01",
        channel_text: "onLine",
        fee: 90,
        weight: 24,
    },
    Psp {
        id: "RTBQIT41XXX",
        name: "Rete Botteghe & Tabacchi Pagamenti S.r.l.",
        tax_code: "90744080046",
        channel: "90744080046_03",
        channel_text: "other",
        fee: 200,
        weight: 18,
    },
    Psp {
        id: "MNTDIT51XXX",
        name: "Moneta Diretta S.p.A.",
        tax_code: "90855190055",
        channel: "90855190055_01",
        channel_text: "atm",
        fee: 130,
        weight: 8,
    },
];

/// The provider at `index`; the list never shrinks, so a stored index always answers.
pub(crate) fn get(index: usize) -> &'static Psp {
    ALL.get(index).unwrap_or(&ALL[0])
}

/// Index of the provider with this identifier.
pub(crate) fn find(id: &str) -> Option<usize> {
    ALL.iter().position(|psp| psp.id.eq_ignore_ascii_case(id))
}

/// Draws a provider by market share.
pub(crate) fn draw(rng: &mut Rng) -> usize {
    let mut ticket = rng.below(ALL.iter().map(|psp| psp.weight).sum());
    for (index, psp) in ALL.iter().enumerate() {
        if ticket < psp.weight {
            return index;
        }
        ticket = ticket.saturating_sub(psp.weight);
    }
    0
}

/// A provider other than `index`, for the second payment of the same notice.
pub(crate) fn other_than(index: usize) -> usize {
    (index + 1) % ALL.len()
}
