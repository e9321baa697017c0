//! Reading of an object whose keys may not stand twice.

use std::collections::BTreeMap;

// A key that stands twice would otherwise lose its first value in silence (F13).
pub(super) fn once_each<'de, D: serde::Deserializer<'de>>(
    source: D,
) -> Result<BTreeMap<String, u64>, D::Error> {
    struct Entries;
    impl<'de> serde::de::Visitor<'de> for Entries {
        type Value = BTreeMap<String, u64>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object of whole numbers of at least 0")
        }

        fn visit_map<A: serde::de::MapAccess<'de>>(
            self,
            mut entries: A,
        ) -> Result<Self::Value, A::Error> {
            let mut map = BTreeMap::new();
            while let Some((key, value)) = entries.next_entry::<String, u64>()? {
                if map.insert(key.clone(), value).is_some() {
                    return Err(serde::de::Error::custom(format!("{key:?} stands twice")));
                }
            }
            Ok(map)
        }
    }
    source.deserialize_map(Entries)
}
