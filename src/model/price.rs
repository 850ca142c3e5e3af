//! What a system costs to run.

use serde::Serialize;

use super::{Capacity, Experiment, Model, Scope, Tier};
use crate::declare::diagnostic::Diagnostic;
use crate::declare::fields::Context;
use crate::declare::file::Node;
use crate::declare::kind::Kind;
use crate::declare::values::{AtLeast, text};
use crate::declare::{Form, options};

options! {
    /// Prices of the parts of a system. Those that are left out are not counted.
    #[derive(Clone, Copy, Debug, PartialEq, Serialize)]
    pub struct Price in "price", such as "{ cache_gb_month = 15, database_month = 400 }" {
        /// of all prices: an ISO 4217 code; the same for all variants
        "currency" currency: &'static str as Currency, default "USD";
        /// a GB (10⁹ bytes) of a shared tier for a month: of its `capacity` where that is in bytes, else of the most that it held
        #[serde(skip_serializing_if = "Option::is_none")]
        "cache_gb_month" cache_gb_month: Option<f64> as AtLeast<0>, optional "not counted";
        /// the same of a tier in each instance
        #[serde(skip_serializing_if = "Option::is_none")]
        "instance_gb_month" instance_gb_month: Option<f64> as AtLeast<0>, optional "not counted";
        /// a server of the database (`database.servers`, such as a vCPU) for a month, those of replicas included
        #[serde(skip_serializing_if = "Option::is_none")]
        "database_server_month" database_server_month: Option<f64> as AtLeast<0>, optional "not counted";
        /// a machine of the database for a month: the primary, and each replica
        #[serde(skip_serializing_if = "Option::is_none")]
        "database_month" database_month: Option<f64> as AtLeast<0>, optional "not counted";
        /// a million requests that arrive at the database
        #[serde(skip_serializing_if = "Option::is_none")]
        "database_million_requests" database_million_requests: Option<f64> as AtLeast<0>, optional "not counted";
        /// a million commands to shared tiers
        #[serde(skip_serializing_if = "Option::is_none")]
        "cache_million_commands" cache_million_commands: Option<f64> as AtLeast<0>, optional "not counted";
        /// a GB of keys and values that travel between instances and shared tiers, both ways
        #[serde(skip_serializing_if = "Option::is_none")]
        "traffic_gb" traffic_gb: Option<f64> as AtLeast<0>, optional "not counted";
        /// a minute in which less than `slo.share` of the requests are good; needs `[slo]`
        #[serde(skip_serializing_if = "Option::is_none")]
        "objective_minute" objective_minute: Option<f64> as AtLeast<0>, optional "not counted";
    }
    check |f| {
        f.refuse_empty();
        if f.given("currency") && !PRICES.iter().any(|price| f.given(price)) {
            let diagnostic = Diagnostic::new("price.currency does not apply", f.place("currency"), "there is no price");
            f.cx.report(diagnostic.help("add a price such as cache_gb_month = 15, or leave [price] out"));
        }
    }
}

/// All options but the currency.
const PRICES: [&str; 8] = [
    "cache_gb_month",
    "instance_gb_month",
    "database_server_month",
    "database_month",
    "database_million_requests",
    "cache_million_commands",
    "traffic_gb",
    "objective_minute",
];

/// The active currencies of ISO 4217.
const CURRENCIES: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF \
    CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR \
    ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU \
    MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD \
    SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XOF \
    XPF YER ZAR ZMW ZWG";

/// A currency by its code.
///
/// ```
/// use herdlab::model::currency;
/// assert_eq!(currency("EUR"), Some("EUR"));
/// assert_eq!(currency("eur"), None);
/// ```
pub fn currency(code: &str) -> Option<&'static str> {
    CURRENCIES.split_ascii_whitespace().find(|known| *known == code)
}

struct Currency;

impl Form for Currency {
    type Value = &'static str;
    type Around<'a> = ();
    const KIND: Kind = Kind::Form { pattern: "^[A-Z]{3}$", words: "an ISO 4217 code such as \"EUR\"" };

    fn read(cx: &mut Context, node: &Node, (): ()) -> Option<&'static str> {
        let code = text(cx, node)?;
        let upper = code.to_ascii_uppercase();
        currency(&code).or_else(|| match currency(&upper) {
            Some(_) => cx.wrong(node, format!("expected \"{upper}\", in capital letters")),
            None => cx.wrong(node, "expected the ISO 4217 code of a currency, such as \"EUR\""),
        })
    }
}

impl Experiment {
    /// The currency of the prices, the same in all variants that have some.
    pub fn currency(&self) -> Option<&'static str> {
        self.variants.iter().find_map(|variant| variant.model.currency())
    }
}

impl Model {
    /// The currency of its prices.
    pub fn currency(&self) -> Option<&'static str> {
        self.price.map(|price| price.currency)
    }

    /// Whether the bytes that travel to and from shared tiers are counted.
    pub fn counts_bytes(&self) -> bool {
        self.measure.wire || self.price.is_some_and(|price| price.traffic_gb.is_some())
    }

    /// Whether every cell of the run is judged by the objective, events or not.
    pub fn prices_objective(&self) -> bool {
        self.price.is_some_and(|price| price.objective_minute.is_some())
    }
}

impl Price {
    /// Of the memory of a tier for a month, where it has a price; `caches` of the tier exist, which held at most so many bytes
    /// together.
    pub fn memory(&self, tier: &Tier, caches: u32, most_held_bytes: u64) -> Option<f64> {
        let gb_month = match tier.scope {
            Scope::Shared(_) => self.cache_gb_month,
            Scope::Instance { .. } => self.instance_gb_month,
        };
        let bytes = match tier.capacity {
            Capacity::Bytes(bytes) => bytes as f64 * f64::from(caches),
            Capacity::Entries(_) | Capacity::Unbounded => most_held_bytes as f64,
        };
        Some(gb_month? * bytes / 1e9)
    }
}
