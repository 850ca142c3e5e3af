//! The guide of a first run, the commands by group, and the examples of each command.

use clap::Command;
use herdlab::wrap::paragraph;

/// Printed where no command is named.
const GUIDE: &str = "\
herdlab: what will this cache change do to the database?

First run
  herdlab list                      # bundled scenarios with their questions
  herdlab run lookup                # answers one; reports/lookup/index.html
Your own scenario
  herdlab init                      # asks about your system; writes my.toml
  herdlab check my.toml             # the model in words, and the cost of a run
  herdlab run my.toml               # today beside the change
Compare
  herdlab diff my.toml change.toml  # reviews a change against today's file
From production
  herdlab import info.txt pg.csv -o my.toml
Help
  herdlab explain max_connections   # options, measures, words of the trade
  herdlab --help                    # all commands; COMMAND --help has examples
";

/// The guide for a terminal of so many columns.
pub(super) fn guide(width: usize) -> String {
    GUIDE.lines().map(|line| within(line, width) + "\n").collect()
}

/// A line for a shell that fits the width, as far as words allow: a comment that has no room beside the command stands below
/// it, and the command goes on in a further line from an option on.
fn within(line: &str, width: usize) -> String {
    let fits = |line: &str| line.chars().count() <= width;
    if fits(line) {
        return line.to_owned();
    }
    let indent = " ".repeat(line.chars().take_while(|letter| *letter == ' ').count() + 4);
    let (command, comment) = line.split_once("  #").unwrap_or((line, ""));
    let mut lines = vec![command.trim_end().to_owned()];
    while let Some(last) = lines.pop_if(|last| !fits(last)) {
        let ends = last.match_indices(" -").map(|(at, _)| at).filter(|at| *at > indent.len());
        // ` \\` ends the line.
        let Some(end) = ends.clone().filter(|at| at + 2 <= width).last().or(ends.min()) else {
            lines.push(last);
            break;
        };
        let (first, rest) = last.split_at(end);
        lines.push(format!("{first} \\"));
        lines.push(format!("{indent}{}", rest.trim_start()));
    }
    lines.extend((!comment.is_empty()).then(|| format!("{indent}#{comment}")));
    lines.join("\n")
}

/// A command in the overview of `herdlab --help`.
struct Entry {
    name: &'static str,
    /// One line beside the name.
    line: &'static str,
    /// Lines for a shell, each with a comment where there is room.
    examples: &'static [&'static str],
}

const fn entry(name: &'static str, line: &'static str, examples: &'static [&'static str]) -> Entry {
    Entry { name, line, examples }
}

const GROUPS: &[(&str, &[Entry])] = &[
    (
        "Start",
        &[
            entry("list", "list the bundled scenarios with their questions", &["herdlab list"]),
            entry(
                "init",
                "ask about your system and write its scenario",
                &[
                    "herdlab init                 # asks eleven questions",
                    "herdlab init --rps 2000 --pods 12 --change ttl=1m -o my.toml",
                    "herdlab init --template api > my.toml",
                ],
            ),
            entry(
                "check",
                "check scenarios and describe them without running",
                &["herdlab check lookup", "herdlab check --deny-lints my.toml  # exit code 2 on a warning"],
            ),
            entry(
                "explain",
                "explain or find options, measures, lints and words",
                &[
                    "herdlab explain tier.l2.ttl",
                    "herdlab explain max_connections  # a word of the trade",
                    "herdlab explain \"hit ratio\"  # searches names and meanings",
                ],
            ),
        ],
    ),
    (
        "Run",
        &[
            entry(
                "run",
                "run a scenario and write a report",
                &[
                    "herdlab run lookup",
                    "herdlab run my.toml -s tier.l2.ttl=10m -n 20 -o reports/ttl-10m",
                    "herdlab run my.toml --why  # where the time of requests goes",
                ],
            ),
            entry(
                "report",
                "redraw the report of a finished run",
                &["herdlab report reports/lookup", "herdlab report results.json -o redrawn"],
            ),
        ],
    ),
    (
        "Compare",
        &[
            entry(
                "compare",
                "compare runs, scenarios or git revisions",
                &[
                    "herdlab compare before/results.json after/results.json",
                    "herdlab compare --revisions main~3,main my.toml --report changes",
                ],
            ),
            entry(
                "verdict",
                "hold measured runs against simulated ones",
                &["herdlab verdict simulated measured", "herdlab verdict simulated  # the predictions alone"],
            ),
            entry(
                "diff",
                "review a change against today's scenario",
                &[
                    "herdlab diff my.toml change.toml",
                    "herdlab diff my.toml change.toml --no-run  # the differences alone",
                ],
            ),
            entry(
                "compare-strategies",
                "run one workload under every caching strategy",
                &["herdlab compare-strategies my.toml -o strategies.md"],
            ),
        ],
    ),
    (
        "Explore",
        &[
            entry(
                "sweep",
                "run many settings: heat maps, knees, a Pareto front",
                &[
                    "herdlab sweep my.toml --sweep tier.l2.ttl=10s..5m:log5",
                    "herdlab sweep ttl-sweep --shard 0/8 -o swept  # the first of eight parts",
                ],
            ),
            entry(
                "what-if",
                "write a page that simulates while its reader turns knobs",
                &[
                    "herdlab what-if my.toml  # my-what-if.html",
                    "herdlab what-if stampede -o review.html --sweep tier.l2.ttl=5s,20s,60s",
                ],
            ),
            entry(
                "headroom",
                "find the traffic at which a limit breaks, and which",
                &[
                    "herdlab headroom my.toml",
                    "herdlab headroom my.toml --knob database.pool=2..50 --limit \"goodput >= 900\"",
                ],
            ),
            entry(
                "recommend",
                "find the best setting of some knobs within limits",
                &[
                    "herdlab recommend recommend-ttl",
                    "herdlab recommend my.toml --knob tier.l2.ttl=10s..5m:log8 \\\n    --minimise latency.all.p99_ms --keep \"db.qps.peak <= 500\"",
                ],
            ),
            entry(
                "fit",
                "find unknown inputs from production's figures",
                &["herdlab fit my.toml --unknown workload.keys=1000..100000 -o fitted.toml"],
            ),
        ],
    ),
    (
        "Many machines",
        &[
            entry(
                "emit",
                "write the job file for Slurm, Kubernetes and others",
                &[
                    "herdlab emit slurm --tasks 60 sweep ttl-sweep > sweep.sh",
                    "herdlab emit parallel sweep my.toml --out swept > sweep.sh",
                ],
            ),
            entry(
                "merge",
                "write the report of a command that ran in parts",
                &["herdlab merge swept", "herdlab merge shards -o report --partial  # as far as it is"],
            ),
        ],
    ),
    (
        "Data",
        &[
            entry(
                "import",
                "write a scenario from what production reports",
                &[
                    "herdlab import info.txt monitor.log pg.csv -o my.toml",
                    "redis-cli INFO | herdlab import - -o my.toml",
                ],
            ),
            entry(
                "live",
                "play a scenario on a real Redis and PostgreSQL",
                &[
                    "herdlab live my.toml --spawn -n 3",
                    "herdlab live my.toml --spawn --write-schedule requests.csv",
                ],
            ),
            entry(
                "calibrate",
                "measure a Redis and a PostgreSQL for a scenario",
                &[
                    "herdlab calibrate my.toml --spawn",
                    "herdlab calibrate my.toml --redis redis://db --postgres postgres://me@db/test",
                ],
            ),
            entry(
                "trace",
                "describe, convert, sample or model a recorded workload",
                &[
                    "herdlab trace info trace.csv",
                    "herdlab trace convert trace.csv -o trace.jsonl.zst",
                    "herdlab trace model trace.csv -o my.toml",
                ],
            ),
            entry(
                "mrc",
                "miss ratios of a trace by eviction policy and capacity",
                &[
                    "herdlab mrc trace.csv --policy lru,s3-fifo --capacity 1%,10%",
                    "herdlab mrc trace.csv --bytes --for 95% -o curves",
                ],
            ),
        ],
    ),
    (
        "About",
        &[
            entry(
                "claims",
                "test what practitioners claim about caches",
                &["herdlab claims", "herdlab claims stampede -n 4"],
            ),
            entry(
                "validate",
                "compare the engine with theory",
                &["herdlab validate", "herdlab validate --full"],
            ),
            entry(
                "schema",
                "print the JSON Schema of scenario files or of an output",
                &["herdlab schema > herdlab.schema.json", "herdlab schema run > run.schema.json"],
            ),
            entry("completions", "print the completions of a shell", &["herdlab completions zsh > _herdlab"]),
            entry("man", "print the manual page", &["herdlab man | man -l -", "herdlab man -o man1"]),
        ],
    ),
];

/// The command with the examples below the help of each of its own, for a terminal of so many columns.
pub(super) fn with_examples(command: Command, width: usize) -> Command {
    GROUPS.iter().flat_map(|(_, entries)| *entries).fold(command, |command, entry| {
        command.mut_subcommand(entry.name, |own| {
            let title = if entry.examples.len() == 1 { "Example" } else { "Examples" };
            let lines: Vec<String> =
                entry.examples.iter().map(|line| within(&format!("  {line}"), width)).collect();
            own.after_help(format!("{title}:\n{}", lines.join("\n")))
        })
    })
}

/// The same with an overview by group in its own help.
pub(super) fn grouped(command: Command, width: usize) -> Command {
    let mut template = "{about-with-newline}\n{usage-heading} {usage}\n".to_owned();
    for (title, entries) in GROUPS {
        template.push_str(&format!("\n{title}:\n"));
        for entry in *entries {
            let line = format!("  {:18}  {}\n", entry.name, entry.line);
            let below = || {
                let words = paragraph(entry.line, width.saturating_sub(6)).replace('\n', "\n      ");
                format!("  {}\n      {words}\n", entry.name)
            };
            template.push_str(&if line.trim_end().len() > width { below() } else { line });
        }
    }
    let more = paragraph("`herdlab COMMAND --help` has the options of a command, and examples.", width);
    template.push_str(&format!("\n{more}\n\nOptions:\n{{options}}"));
    with_examples(command, width).help_template(template)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::{CommandFactory, FromArgMatches};

    /// The words of a line as a shell would give them: without a comment, redirections and what stands before a pipe.
    fn words(line: &str) -> Vec<String> {
        let line = line.split("  #").next().unwrap_or_default().replace("\\\n", " ");
        let own = line.find("herdlab").map_or("", |at| &line[at..]);
        let own = own.split(" > ").next().unwrap_or_default().split(" | ").next().unwrap_or_default();
        let pieces = own.split('"').enumerate();
        let parts = pieces.flat_map(|(index, piece)| match index % 2 {
            1 => vec![piece.to_owned()],
            _ => piece.split_whitespace().map(str::to_owned).collect(),
        });
        parts.collect()
    }

    fn parses(line: &str) {
        let matches = grouped(Cli::command(), 80).try_get_matches_from(words(line));
        let matches = matches.unwrap_or_else(|error| panic!("{line}: {error}"));
        assert!(
            Cli::from_arg_matches(&matches).unwrap().command.is_some() || line.contains("--help"),
            "{line}"
        );
    }

    #[test]
    fn a_line_for_a_shell_goes_on_below_from_an_option_on() {
        let line = "  herdlab diff my.toml change.toml --no-run  # the differences alone";
        assert_eq!(within(line, 68), line);
        assert_eq!(
            within(line, 60),
            "  herdlab diff my.toml change.toml --no-run\n      # the differences alone"
        );
        assert_eq!(
            within(line, 40),
            "  herdlab diff my.toml change.toml \\\n      --no-run\n      # the differences alone"
        );
        assert_eq!(
            within("  herdlab run my.toml -s tier.l2.ttl=10m -n 20 -o reports/ttl-10m", 48),
            "  herdlab run my.toml -s tier.l2.ttl=10m -n 20 \\\n      -o reports/ttl-10m"
        );
        assert_eq!(
            within("  a word that is longer than the line", 10),
            "  a word that is longer than the line"
        );
    }

    #[test]
    fn guide_overview_and_examples_fit_narrow_terminals() {
        for width in [60, 80, 120] {
            let mut texts = vec![guide(width)];
            let mut command = grouped(Cli::command().term_width(width), width);
            texts.push(command.render_help().to_string());
            for own in command.get_subcommands_mut() {
                texts.push(own.clone().term_width(width).render_help().to_string());
            }
            for line in texts.iter().flat_map(|text| text.lines()) {
                assert!(line.chars().count() <= width || !line.trim().contains(' '), "{width}: {line}");
            }
        }
    }

    #[test]
    fn a_line_is_split_as_a_shell_splits_it() {
        assert_eq!(
            words("a | herdlab run x --keep \"b <= 5\" > c  # d"),
            ["herdlab", "run", "x", "--keep", "b <= 5"]
        );
    }

    #[test]
    fn every_command_is_in_one_group_and_has_one_to_three_examples_of_itself() {
        let mut listed: Vec<&str> =
            GROUPS.iter().flat_map(|(_, entries)| *entries).map(|entry| entry.name).collect();
        listed.sort_unstable();
        let command = Cli::command();
        let mut known: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
        known.sort_unstable();
        assert_eq!(listed, known);
        for entry in GROUPS.iter().flat_map(|(_, entries)| *entries) {
            assert!((1..=3).contains(&entry.examples.len()), "{}", entry.name);
            assert!(entry.examples.iter().all(|line| words(line)[1] == entry.name), "{}", entry.name);
        }
    }

    #[test]
    fn every_example_is_a_command_line_that_is_accepted() {
        for line in GROUPS.iter().flat_map(|(_, entries)| *entries).flat_map(|entry| entry.examples) {
            parses(line);
            assert!(line.lines().all(|line| line.len() <= 78), "{line}");
        }
        // Clap ends `--help` with its text.
        let shown = |line: &&str| line.starts_with("  herdlab") && !line.contains("herdlab --help");
        let lines: Vec<&str> = GUIDE.lines().filter(shown).collect();
        assert!(lines.len() >= 8, "{lines:?}");
        lines.into_iter().for_each(parses);
        assert!(GUIDE.lines().count() <= 18 && GUIDE.lines().all(|line| line.len() <= 80), "{GUIDE}");
    }

    /// The same letter for the same option everywhere.
    #[test]
    fn a_letter_stands_for_one_option() {
        fn check(command: &Command) {
            for argument in command.get_arguments() {
                let long = argument.get_long().unwrap_or_default();
                let expected = match long {
                    "out" | "output" => Some('o'),
                    "set" => Some('s'),
                    "replications" => Some('n'),
                    "quiet" => Some('q'),
                    _ => None,
                };
                assert_eq!(argument.get_short(), expected, "{} --{long}", command.get_name());
            }
            command.get_subcommands().for_each(check);
        }
        let command = Cli::command();
        command.get_subcommands().for_each(check);
    }
}
