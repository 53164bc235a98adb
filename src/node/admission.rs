//! Who may call the node's door: the networks of the configuration.

use std::net::IpAddr;

use actix_web::HttpRequest;

use crate::config::{Config, Network};

/// Whether a request comes from a network that may call. Without a list everybody may.
pub(super) fn admitted(config: &Config, request: &HttpRequest) -> bool {
    if config.node_networks.is_empty() {
        return true;
    }
    let caller = caller(&config.node_proxies, request);
    let admitted = caller.is_some_and(|caller| held(&config.node_networks, caller));
    if !admitted {
        tracing::warn!(
            ?caller,
            "a call from a network that may not call the node's door"
        );
    }
    admitted
}

/// The address of the caller. What a proxy says of it is believed of known proxies only, from the last one
/// backwards: whatever stands before the first address that is no proxy of ours may be invented.
fn caller(proxies: &[Network], request: &HttpRequest) -> Option<IpAddr> {
    let mut caller = request.peer_addr()?.ip();
    let headers: Vec<&str> = request
        .headers()
        .get_all("x-forwarded-for")
        .filter_map(|value| value.to_str().ok())
        .collect();
    let mut told = headers.iter().rev().flat_map(|value| value.rsplit(','));
    while held(proxies, caller) {
        match told.next() {
            // What is no address is nobody's.
            Some(address) => caller = address.trim().parse().ok()?,
            None => break,
        }
    }
    Some(caller)
}

fn held(networks: &[Network], address: IpAddr) -> bool {
    networks.iter().any(|network| network.holds(address))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn admits(networks: &str, proxies: &str, peer: &str, forwarded: &[&str]) -> bool {
        let variables = [
            ("AVVISO_NODE_NETWORKS", networks),
            ("AVVISO_NODE_PROXIES", proxies),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut request = TestRequest::post().peer_addr(format!("{peer}:40000").parse().unwrap());
        for value in forwarded {
            request = request.append_header(("x-forwarded-for", *value));
        }
        admitted(
            &Config::parse(variables).unwrap(),
            &request.to_http_request(),
        )
    }

    #[test]
    fn a_list_admits_its_networks_and_no_list_everybody() {
        assert!(admits("", "", "203.0.113.9", &[]));
        let node = "192.0.2.0/24, 198.51.100.7";
        assert!(admits(node, "", "192.0.2.44", &[]));
        assert!(admits(node, "", "198.51.100.7", &[]));
        assert!(!admits(node, "", "198.51.100.8", &[]));
        assert!(!admits(node, "", "[2001:db8::1]", &[]));
    }

    #[test]
    fn only_a_known_proxy_is_believed_and_only_of_its_own_caller() {
        let (node, proxy) = ("192.0.2.0/24", "10.0.0.0/8");
        assert!(
            !admits(node, "", "10.0.0.1", &["192.0.2.44"]),
            "nobody is believed by default"
        );
        assert!(admits(node, proxy, "10.0.0.1", &["192.0.2.44"]));
        assert!(
            !admits(node, proxy, "203.0.113.9", &["192.0.2.44"]),
            "no proxy of ours"
        );
        // A stranger writes a header of its own, and our proxy adds the stranger's address.
        assert!(!admits(
            node,
            proxy,
            "10.0.0.1",
            &["192.0.2.44, 203.0.113.9"]
        ));
        assert!(!admits(
            node,
            proxy,
            "10.0.0.1",
            &["192.0.2.44", "203.0.113.9"]
        ));
        assert!(admits(
            node,
            proxy,
            "10.0.0.1",
            &["203.0.113.9, 192.0.2.44, 10.0.0.2"]
        ));
        assert!(!admits(node, proxy, "10.0.0.1", &[]), "a proxy is no node");
        assert!(!admits(node, proxy, "10.0.0.1", &["unknown"]));
    }
}
