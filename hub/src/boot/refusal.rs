//! A setting that is refused: by its name, with why, and with the line to write instead.

use std::fmt;

/// One refused setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// As written in the file: `tls.mode`.
    pub setting: String,
    pub why: String,
    /// A line that would be taken.
    pub write_instead: String,
}

impl Refusal {
    pub fn new(setting: &str, why: impl Into<String>, write_instead: impl Into<String>) -> Self {
        Self { setting: setting.to_owned(), why: why.into(), write_instead: write_instead.into() }
    }

    /// From what the TOML reader says of `text`; an unknown key gets its nearest known neighbour as the line to write.
    pub fn of_toml(error: &toml::de::Error, text: &str) -> Self {
        let line = error.span().map_or(0, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        let message = error.message();
        let mut quoted = message.split('`').skip(1).step_by(2);
        if message.starts_with("unknown field")
            && let Some(unknown) = quoted.next()
        {
            let known: Vec<&str> = quoted.collect();
            let nearest = known.iter().min_by_key(|known| distance(known, unknown)).copied().unwrap_or_default();
            let why = format!("line {line}: there is no such setting; known here: {} / 没有这个设置", known.join(", "));
            return Self::new(unknown, why, example(nearest));
        }
        let key = text.lines().nth(line.saturating_sub(1)).and_then(|line| line.split('=').next()).unwrap_or("").trim();
        Self::new(key, format!("line {line}: {message}"), example(key))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "设置 / setting {}: {}\n  写成 / write instead:\n    {}", self.setting, self.why, self.write_instead)
    }
}

impl std::error::Error for Refusal {}

/// A line for each setting, as the README shows it.
fn example(key: &str) -> String {
    let line = match key {
        "port" => "port = 8110",
        "bind" => "bind = \"127.0.0.1\"",
        "public_url" => "public_url = \"https://help.example.org\"",
        "origins" => "origins = [\"https://help.example.org\"]",
        "district" => "[district]\nnumber = 1\nname = \"抚顺社区\"\nlat = 45.77\nlng = 126.60",
        "number" => "number = 1",
        "name" => "name = \"抚顺社区\"",
        "lat" => "lat = 45.77",
        "lng" => "lng = 126.60",
        "tls" => "[tls]\nmode = \"self\"",
        "mode" => "mode = \"self\"        # off, self, files, proxy",
        "certificate" => "certificate = \"/etc/baiying/hub.pem\"",
        "key" => "key = \"/etc/baiying/hub.key\"",
        "wake" => "[wake]\nurl = \"https://gateway.example.org/wake\"\nsecret_file = \"/etc/baiying/wake.secret\"",
        "url" => "url = \"https://gateway.example.org/wake\"",
        "secret_file" => "secret_file = \"/etc/baiying/wake.secret\"",
        "beat" => "[beat]\nurl_file = \"/etc/baiying/beat.url\"",
        "log" => "[log]\nformat = \"json\"\nlevel = \"info\"",
        "format" => "format = \"json\"      # json, plain",
        "level" => "level = \"info\"       # error, warn, info, debug",
        other => return format!("# {other}: see `hub serve --help` and docs/OPERATIONS.md"),
    };
    line.to_owned()
}

/// Levenshtein distance of two short words.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut corner = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.bytes().enumerate() {
            let cost = corner + usize::from(x != y);
            corner = row[j + 1];
            row[j + 1] = cost.min(corner + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
