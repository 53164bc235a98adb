//! Networks of a list: `10.0.0.0/8`, `2001:db8::/32`, or one address.

use std::fmt;
use std::net::IpAddr;

/// Addresses with the same beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// The text is no network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no network; write `192.0.2.0/24`, `2001:db8::/32` or one address")]
pub struct BadNetwork;

impl Network {
    /// Reads a network. The address may have any bits after its prefix; they are ignored.
    ///
    /// # Errors
    /// [`BadNetwork`].
    pub fn parse(text: &str) -> Result<Network, BadNetwork> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_not_an_address| BadNetwork)?;
        let most = width(address);
        let bits = match bits {
            Some(bits) => bits.parse().map_err(|_not_a_number| BadNetwork)?,
            None => most,
        };
        if bits > most {
            return Err(BadNetwork);
        }
        Ok(Network { address, bits })
    }

    /// Whether an address is of this network. An IPv4 address written as IPv6 is the IPv4 address.
    #[must_use]
    pub fn holds(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let host = u32::from(width(self.address)).saturating_sub(u32::from(self.bits));
        let prefix = |of: IpAddr| number(of).checked_shr(host).unwrap_or(0);
        width(address) == width(self.address) && prefix(address) == prefix(self.address)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

fn width(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(v4.to_bits()),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_what_begins_like_it() {
        for (network, inside, outside) in [
            ("10.1.0.0/16", "10.1.255.1", "10.2.0.1"),
            ("192.0.2.7", "192.0.2.7", "192.0.2.8"),
            ("192.0.2.7/24", "::ffff:192.0.2.200", "::192.0.2.200"),
            ("0.0.0.0/0", "203.0.113.9", "::1"),
            ("2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1"),
            ("::/0", "2001:db8::1", "10.0.0.1"),
            ("::1", "::1", "::2"),
        ] {
            let read = Network::parse(network).unwrap();
            assert!(read.holds(inside.parse().unwrap()), "{network} {inside}");
            assert!(!read.holds(outside.parse().unwrap()), "{network} {outside}");
        }
        for wrong in [
            "",
            "10.0.0.0/33",
            "10.0.0/8",
            "::/129",
            "10.0.0.0/-1",
            "node.example",
            "10.0.0.0/",
        ] {
            assert_eq!(Network::parse(wrong), Err(BadNetwork), "{wrong}");
        }
    }
}
