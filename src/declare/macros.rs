//! The macros that the options of a scenario are declared with; their syntax is described in the module above.

/// Declares a table: its struct, its reader, its part of the reference.
macro_rules! options {
    (
        $(#[$attribute:meta])*
        $visibility:vis struct $Struct:ident in $id:literal $(($around:ident: $Around:ty))?, such as $example:literal {
            $(
                $(#[$($attr:tt)*])*
                $option:literal $field:ident: $type:ty $(as $form:ty $([$given:expr])?)?, $rule:ident $text:tt $(=> $fallback:expr)?;
            )*
        }
        $(and $also:ident: $Also:ty;)?
        $(check |$f:ident| $check:block)?
    ) => {
        $(#[$attribute])*
        $visibility struct $Struct {
            $($(#[$($attr)*])* pub $field: $type,)*
            $(pub $also: $Also,)?
        }

        impl $Struct {
            pub(crate) const OPTIONS: &'static [$crate::declare::kind::Field] = &[$($crate::declare::row!(
                $option, $crate::declare::first!($([$form])? [$type]), $rule $text, $([$($attr)*])*
            )),*];

            /// Reads the options from a table that may have others.
            pub(crate) fn read_options(
                fields: &mut $crate::declare::fields::Fields<'_, '_>,
                _around: <$Struct as $crate::declare::Form>::Around<'_>,
            ) -> Option<$Struct> {
                $(let $around = _around;)?
                $(#[allow(unused_mut, reason = "a check may set it")] let mut $field = $crate::declare::value!(
                    fields, $option, $crate::declare::first!($([$form])? [$type]),
                    $crate::declare::given!($($($given)?)?), $rule $text $(=> $fallback)?
                );)*
                $(let $also = <$Also>::read_options(fields, ());)?
                $(let $f = &mut *fields; $check)?
                Some($Struct { $($field: $field?,)* $($also: $also?)? })
            }
        }

        impl $crate::declare::Form for $Struct {
            type Value = $Struct;
            type Around<'a> = $crate::declare::first!($([$Around])? [()]);
            const KIND: $crate::declare::kind::Kind = $crate::declare::kind::Kind::Table(&$crate::declare::kind::Table {
                id: $id,
                fields: $Struct::OPTIONS,
                also: $crate::declare::options_of!($($Also)?),
                others: None,
            });

            fn read(
                cx: &mut $crate::declare::fields::Context,
                node: &$crate::declare::file::Node,
                around: Self::Around<'_>,
            ) -> Option<$Struct> {
                $crate::declare::fields::Fields::with(cx, node, $example, |fields| {
                    $Struct::read_options(fields, around)
                })
            }
        }
    };
}

/// Declares an alternative: its enum, its reader, its part of the reference. A possibility is a word (`"none" None;`), a word with one
/// value (`"plus" Plus(Spread) such as "\"30s\"";`) or with a table of options, of which `or alone` means that
/// the word will do where all of them are left out.
macro_rules! choice {
    (
        $(#[$attribute:meta])*
        $visibility:vis enum $Enum:ident in $id:literal $(($around:ident: $Around:ty))?, such as $example:literal {
            $(
                $(#[$($tag_attr:tt)*])*
                $tag:literal $Variant:ident $(($inner:ty $(as $inner_form:ty)? $([$inner_given:expr])? $(, $inner_alone:ident)?))?
                $(such as $tag_example:literal)?
                $(
                    $(or $alone:ident)? {
                        $(
                            $(#[$($attr:tt)*])*
                            $option:literal $field:ident: $type:ty $(as $form:ty $([$given:expr])?)?, $rule:ident $text:tt
                            $(=> $fallback:expr)?;
                        )*
                    }
                    $(check |$f:ident| $check:block)?
                )?;
            )*
        }
    ) => {
        $(#[$attribute])*
        $visibility enum $Enum {
            $(
                $(#[$($tag_attr)*])*
                $Variant $(($inner))? $({ $($(#[$($attr)*])* $field: $type),* })?,
            )*
        }

        impl $crate::declare::Form for $Enum {
            type Value = $Enum;
            type Around<'a> = $crate::declare::first!($([$Around])? [()]);
            const KIND: $crate::declare::kind::Kind = $crate::declare::kind::Kind::Choice(&$crate::declare::kind::Choice {
                id: $id,
                tags: &[$($crate::declare::kind::Tag {
                    name: $tag,
                    plain: $crate::declare::is_plain!($($($alone)?)? $($($inner_alone)?)? ; $([$inner])? $([$($option)*])?),
                    body: $crate::declare::body!(
                        $(inner $crate::declare::first!($([$inner_form])? [$inner]))?
                        $(table concat!($id, "_", $tag), [$($crate::declare::row!(
                            $option, $crate::declare::first!($([$form])? [$type]), $rule $text, $([$($attr)*])*
                        )),*])?
                    ),
                    example: $crate::declare::first_text!($([$tag_example])? [""]),
                    words: $crate::declare::words!($([$($tag_attr)*])*),
                }),*],
            });

            fn read(
                cx: &mut $crate::declare::fields::Context,
                node: &$crate::declare::file::Node,
                _around: <$Enum as $crate::declare::Form>::Around<'_>,
            ) -> Option<$Enum> {
                let tagged = $crate::declare::fields::Tagged::read(cx, node, &[$($tag),*], $example)?;
                $(let $around = _around;)?
                $(if tagged.tag == $tag {
                    $crate::declare::variant!(
                        cx, tagged, $Enum::$Variant, $crate::declare::first_text!($([$tag_example])? [""]),
                        $(inner $crate::declare::first!($([$inner_form])? [$inner]), $crate::declare::given!($($inner_given)?) $(, $inner_alone)?)?
                        $(table [$($alone)?] |fields| {
                            $(#[allow(unused_mut, reason = "a check may set it")] let mut $field = $crate::declare::value!(
                                fields, $option, $crate::declare::first!($([$form])? [$type]),
                                $crate::declare::given!($($($given)?)?), $rule $text $(=> $fallback)?
                            );)*
                            $(let $f = &mut *fields; $check)?
                            Some($Enum::$Variant { $($field: $field?),* })
                        })?
                    );
                })*
                None
            }
        }
    };
}

/// Declares words of which one stands as a value: an enum, its reader and its names.
macro_rules! keywords {
    (
        $(#[$attribute:meta])*
        $visibility:vis enum $Enum:ident {
            $($(#[$docs:meta])* $word:literal $Variant:ident,)*
        }
    ) => {
        $(#[$attribute])*
        $visibility enum $Enum {
            $($(#[$docs])* $Variant,)*
        }

        impl $Enum {
            /// Each by its word in a scenario file.
            pub const NAMES: &'static [(&'static str, $Enum)] = &[$(($word, $Enum::$Variant)),*];

            /// The word in scenario files.
            #[allow(dead_code, reason = "some words are only read")]
            pub fn name(self) -> &'static str {
                match self {
                    $($Enum::$Variant => $word,)*
                }
            }
        }

        impl $crate::declare::Form for $Enum {
            type Value = $Enum;
            type Around<'a> = ();
            const KIND: $crate::declare::kind::Kind = $crate::declare::kind::Kind::Words(&[$($word),*]);

            fn read(
                cx: &mut $crate::declare::fields::Context,
                node: &$crate::declare::file::Node,
                (): (),
            ) -> Option<$Enum> {
                $crate::declare::values::word($Enum::NAMES)(cx, node)
            }
        }
    };
}

/// The row of an option in its table.
macro_rules! row {
    ($option:literal, $form:ty, $rule:ident $text:tt, $([$($attr:tt)*])*) => {
        $crate::declare::kind::Field {
            name: $option,
            kind: <$form as $crate::declare::Form>::KIND,
            default: $crate::declare::default!($rule $text),
            words: $crate::declare::words!($([$($attr)*])*),
        }
    };
}

/// Meaning of an option left out.
macro_rules! default {
    (required $expected:tt) => {
        $crate::declare::kind::Default::Required($expected)
    };
    (reported $expected:tt) => {
        $crate::declare::kind::Default::Required($expected)
    };
    (default $value:tt) => {
        $crate::declare::kind::Default::Written(stringify!($value))
    };
    (or $word:tt) => {
        $crate::declare::kind::Default::Word($word)
    };
    (optional $words:tt) => {
        $crate::declare::kind::Default::Words($words)
    };
    (otherwise $words:tt) => {
        $crate::declare::kind::Default::Words($words)
    };
}

/// Reads an option: `Some` value of its field, or `None` where it is wrong or missing, and that is reported.
macro_rules! value {
    ($fields:ident, $option:literal, $form:ty, $given:expr, $rule:ident $text:tt $(=> $fallback:expr)?) => {
        $crate::declare::by_rule!(
            $fields, $option, $form, |cx, node| <$form as $crate::declare::Form>::read(cx, node, $given),
            $rule $text $(=> $fallback)?
        )
    };
}

/// The same with the closure that reads what is written.
macro_rules! by_rule {
    ($fields:ident, $option:literal, $form:ty, $read:expr, required $expected:tt) => {
        $fields.require($option, $expected, $read)
    };
    ($fields:ident, $option:literal, $form:ty, $read:expr, reported $expected:tt) => {
        Some($fields.require($option, $expected, $read))
    };
    ($fields:ident, $option:literal, $form:ty, $read:expr, default $value:tt) => {
        $fields.read($option, $read).or_else(|| $crate::declare::written::<$form>(stringify!($value)))
    };
    ($fields:ident, $option:literal, $form:ty, $read:expr, or $word:tt) => {
        Some($fields.read_unless($option, $word, $read))
    };
    ($fields:ident, $option:literal, $form:ty, $read:expr, or $word:tt => $fallback:expr) => {
        $fields.read_unless($option, $word, $read).or_else(|| $fallback)
    };
    ($fields:ident, $option:literal, $form:ty, $read:expr, optional $words:tt) => {
        Some($fields.read($option, $read))
    };
    ($fields:ident, $option:literal, $form:ty, $read:expr, otherwise $words:tt => $fallback:expr) => {
        $fields.read($option, $read).or_else(|| $fallback)
    };
}

/// Reads a possibility, and returns it.
macro_rules! variant {
    ($cx:ident, $tagged:ident, $Variant:path, $example:expr,) => {
        return $tagged.plain($cx, $Variant)
    };
    ($cx:ident, $tagged:ident, $Variant:path, $example:expr, inner $form:ty, $given:expr) => {
        let body = $tagged.value($cx, $example)?;
        return $cx
            .within($tagged.tag, |cx| <$form as $crate::declare::Form>::read(cx, body, $given))
            .map($Variant);
    };
    ($cx:ident, $tagged:ident, $Variant:path, $example:expr, inner $form:ty, $given:expr, alone) => {
        let empty = $tagged.without_options();
        let body = $tagged.body.unwrap_or(&empty);
        return $cx
            .within($tagged.tag, |cx| <$form as $crate::declare::Form>::read(cx, body, $given))
            .map($Variant);
    };
    ($cx:ident, $tagged:ident, $Variant:path, $example:expr, table [] |$fields:ident| $read:block) => {
        return $tagged.table($cx, $example, |$fields| $read)
    };
    ($cx:ident, $tagged:ident, $Variant:path, $example:expr, table [alone] |$fields:ident| $read:block) => {
        return $tagged.table_or_word($cx, $example, |$fields| $read)
    };
}

/// Whether a possibility may stand as a word alone.
macro_rules! is_plain {
    (alone ; $($body:tt)*) => {
        true
    };
    ( ; ) => {
        true
    };
    ( ; $($body:tt)+) => {
        false
    };
}

/// The kind of the parameters of a possibility.
macro_rules! body {
    () => {
        None
    };
    (inner $form:ty) => {
        Some(<$form as $crate::declare::Form>::KIND)
    };
    (table $id:expr, $fields:tt) => {
        Some($crate::declare::kind::Kind::Table(&$crate::declare::kind::Table {
            id: $id,
            fields: &$fields,
            also: &[],
            others: None,
        }))
    };
}

/// The documentation among attributes, as one text.
macro_rules! words {
    (@ [$($words:literal)*]) => { concat!($($words),*) };
    (@ [$($words:literal)*] [doc = $more:literal] $($rest:tt)*) => {
        $crate::declare::words!(@ [$($words)* $more] $($rest)*)
    };
    (@ [$($words:literal)*] [$($other:tt)*] $($rest:tt)*) => {
        $crate::declare::words!(@ [$($words)*] $($rest)*)
    };
    ([$($first:tt)*] $($rest:tt)*) => { $crate::declare::words!(@ [] [$($first)*] $($rest)*) };
    () => { "" };
}

/// The first type in brackets: what is written, before what stands for it.
macro_rules! first {
    ([$first:ty] $([$other:ty])?) => {
        $first
    };
}

/// The same of texts.
macro_rules! first_text {
    ([$first:literal] $([$other:literal])?) => {
        $first
    };
}

/// The options that another type declares.
macro_rules! options_of {
    () => {
        &[]
    };
    ($Also:ty) => {
        <$Also>::OPTIONS
    };
}

/// The surroundings passed to a form.
macro_rules! given {
    () => {
        ()
    };
    ($given:expr) => {
        $given
    };
}

pub(crate) use {
    body, by_rule, choice, default, first, first_text, given, is_plain, keywords, options, options_of, row,
    value, variant, words,
};
