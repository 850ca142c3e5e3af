//! Names of keys in Redis.

use std::sync::Arc;

use crate::workload::Tables;

/// All names begin with the prefix of the run.
#[derive(Clone, Debug)]
pub struct Keys {
    prefix: String,
    tables: Arc<Tables>,
}

impl Keys {
    pub fn new(prefix: &str, tables: &Arc<Tables>) -> Keys {
        Keys { prefix: prefix.to_owned(), tables: Arc::clone(tables) }
    }

    /// As long as the scenario has it, or longer where the prefix and the number need more.
    pub fn value(&self, key: u32) -> String {
        let mut name = format!("{}{key:x}", self.prefix);
        let bytes = self.tables.key_bytes(key) as usize;
        while name.len() < bytes {
            name.push('.');
        }
        name
    }

    pub fn lease(&self, key: u32) -> String {
        format!("{}{key:x}/lease", self.prefix)
    }

    pub fn tombstone(&self, key: u32) -> String {
        format!("{}{key:x}/gone", self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::player::fixture;

    #[test]
    fn names_are_as_long_as_the_scenario_has_them_and_begin_with_the_prefix() {
        let (_, tables) = fixture::model(
            r#"
            question = "?"
            duration = "1s"
            workload = { arrivals = { constant = { rate = 1 } }, keys = 1000, key_size = "20B" }
            database = { read = "1ms" }
            "#,
        );
        let keys = Keys::new("herdlab:1f:", &tables);
        assert_eq!(keys.value(255), "herdlab:1f:ff.......");
        assert_eq!(Keys::new("a-longer-prefix-of-keys:", &tables).value(255), "a-longer-prefix-of-keys:ff");
        let all = [keys.value(255), keys.lease(255), keys.tombstone(255), keys.value(15), keys.lease(15)];
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
    }
}
