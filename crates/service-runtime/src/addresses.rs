//! How many connections each address has, so that one cannot take the places of all others.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// The places of a listener, by address.
#[derive(Debug, Clone)]
pub(crate) struct Addresses(Arc<Counted>);

#[derive(Debug)]
struct Counted {
    each_max: usize,
    /// Behind these there are many: proxies that count for themselves.
    exempt: Vec<IpAddr>,
    held: Mutex<HashMap<IpAddr, usize>>,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub(crate) struct PlaceHeld(Option<(Addresses, IpAddr)>);

impl Addresses {
    /// So many connections for each address, but for loopback and those that are exempt.
    pub(crate) fn new(each_max: usize, exempt: &[IpAddr]) -> Self {
        Self(Arc::new(Counted {
            each_max,
            exempt: exempt.iter().map(IpAddr::to_canonical).collect(),
            held: Mutex::default(),
        }))
    }

    /// A place for one more connection; `None`: the address has all that it may have.
    pub(crate) fn take(&self, address: IpAddr) -> Option<PlaceHeld> {
        let address = address.to_canonical();
        if address.is_loopback() || self.0.exempt.contains(&address) {
            return Some(PlaceHeld(None));
        }
        let holder = holder(address);
        let mut held = self.0.held.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(holder).or_default();
        if *count >= self.0.each_max {
            return None;
        }
        *count += 1;
        Some(PlaceHeld(Some((self.clone(), holder))))
    }
}

impl Drop for PlaceHeld {
    fn drop(&mut self) {
        let Some((addresses, holder)) = self.0.take() else {
            return;
        };
        let held = &addresses.0.held;
        let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
        match held.get_mut(&holder) {
            Some(count) if *count > 1 => *count -= 1,
            // With nothing left of an address nothing is kept of it.
            Some(_) | None => drop(held.remove(&holder)),
        }
    }
}

// Whoever has one address of IPv6 has the 2^64 beside it.
fn holder(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let network = u128::from(address) & (u128::MAX << 64);
            IpAddr::V6(Ipv6Addr::from(network))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_has_so_many_places_and_others_have_theirs() {
        let addresses = Addresses::new(2, &[address("198.51.100.7")]);
        let take = |text: &str| addresses.take(address(text));
        let (one, two) = (take("192.0.2.1").unwrap(), take("192.0.2.1").unwrap());
        assert!(take("192.0.2.1").is_none());
        // The same address as IPv6 writes it.
        assert!(take("::ffff:192.0.2.1").is_none());
        assert!(take("192.0.2.2").is_some());
        drop(one);
        let again = take("192.0.2.1");
        assert!(again.is_some() && take("192.0.2.1").is_none());
        drop((two, again));
        assert!(addresses.0.held.lock().unwrap().is_empty());
    }

    #[test]
    fn a_network_of_ipv6_is_one_address_and_a_proxy_has_no_limit() {
        let addresses = Addresses::new(1, &[address("198.51.100.7")]);
        let take = |text: &str| addresses.take(address(text));
        let first = take("2001:db8:1:1::1");
        assert!(first.is_some() && take("2001:db8:1:1:ffff::2").is_none());
        assert!(take("2001:db8:1:2::1").is_some());
        for exempt in ["127.0.0.1", "::1", "198.51.100.7"] {
            let places: Vec<_> = (0..5).map(|_| take(exempt)).collect();
            assert!(places.iter().all(Option::is_some), "{exempt}");
        }
    }
}
