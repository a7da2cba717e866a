//! Presence: for each district a sorted set of who changed when, a hash of fixes and a hash of sockets.

use std::sync::LazyLock;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use redis::Script;
use uuid::Uuid;

use super::{RedisCluster, key};
use crate::cluster::error::Answer;
use crate::cluster::presence::{Changed, PRESENCE_KEPT_MS, Presence, REPORTS_MAX, Report, Seen, SeenFix};

/// KEYS: changed, fixes, hubs. ARGV: hub, kept ms, most old ones dropped, then (word, volunteer, what) for each report.
/// A socket's end is passed over if the volunteer has come to another hub since, a fix if a later one is known.
const REPORT: &str = r"
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
for i = 4, #ARGV, 3 do
  local word, who, what = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local is_new = true
  if word == 'fix' then
    local known = redis.call('HGET', KEYS[2], who)
    if known and tonumber(string.match(known, '^-?%d+')) > tonumber(string.match(what, '^-?%d+')) then
      is_new = false
    else
      redis.call('HSET', KEYS[2], who, what)
    end
  elseif word == 'online' then
    redis.call('HSET', KEYS[3], who, ARGV[1])
  elseif word == 'offline' then
    is_new = redis.call('HGET', KEYS[3], who) == ARGV[1]
    if is_new then redis.call('HDEL', KEYS[3], who) end
  else
    redis.call('HDEL', KEYS[2], who)
  end
  if is_new then redis.call('ZADD', KEYS[1], now, who) end
end
local old = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[2]), 'LIMIT', 0, ARGV[3])
for _, who in ipairs(old) do
  redis.call('HDEL', KEYS[2], who)
  redis.call('HDEL', KEYS[3], who)
  redis.call('ZREM', KEYS[1], who)
end
for _, k in ipairs(KEYS) do redis.call('PEXPIRE', k, tonumber(ARGV[2]) * 2) end
return 0
";

/// KEYS: changed, fixes, hubs. ARGV: cursor. Answers now, then (volunteer, fix, hub) for each.
const SINCE: &str = r"
local t = redis.call('TIME')
local out = {tostring(t[1] * 1000 + math.floor(t[2] / 1000))}
for _, who in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[1], '+inf')) do
  out[#out + 1] = who
  out[#out + 1] = redis.call('HGET', KEYS[2], who) or ''
  out[#out + 1] = redis.call('HGET', KEYS[3], who) or ''
end
return out
";

static REPORT_SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(REPORT));
static SINCE_SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(SINCE));

impl Presence for RedisCluster {
    fn report(&self, district: u32, hub: Uuid, reports: Vec<Report>) -> BoxFuture<'_, Answer<()>> {
        async move {
            let mut script = REPORT_SCRIPT.key(key(district, "changed"));
            script.key(key(district, "fixes")).key(key(district, "hubs"));
            script.arg(hub.to_string()).arg(PRESENCE_KEPT_MS).arg(REPORTS_MAX);
            for report in reports.into_iter().take(REPORTS_MAX) {
                let (word, volunteer, what) = written(report);
                script.arg(word).arg(volunteer).arg(what);
            }
            self.presence.run::<u32>(script).await.map(drop)
        }
        .boxed()
    }

    fn since(&self, district: u32, cursor_ms: u64) -> BoxFuture<'_, Answer<Changed>> {
        async move {
            let mut script = SINCE_SCRIPT.key(key(district, "changed"));
            script.key(key(district, "fixes")).key(key(district, "hubs")).arg(cursor_ms);
            let rows: Vec<String> = self.presence.run(script).await?;
            let (now, rows) = rows.split_first().map_or(("", &[][..]), |(now, rows)| (now.as_str(), rows));
            // What cannot be read was not written by a hub of this version; it runs out by itself.
            let seen = rows.chunks_exact(3).filter_map(seen).collect();
            Ok(Changed { cursor_ms: now.parse().unwrap_or(cursor_ms), seen })
        }
        .boxed()
    }
}

fn written(report: Report) -> (&'static str, u64, String) {
    match report {
        Report::Fix(volunteer, fix) => {
            ("fix", volunteer, format!("{} {} {} {}", fix.at_ms, fix.lat, fix.lng, fix.accuracy_m))
        }
        Report::Online(volunteer) => ("online", volunteer, String::new()),
        Report::Offline(volunteer) => ("offline", volunteer, String::new()),
        Report::Forget(volunteer) => ("forget", volunteer, String::new()),
    }
}

fn seen(row: &[String]) -> Option<Seen> {
    let [volunteer, fix, hub] = row else { return None };
    Some(Seen { volunteer: volunteer.parse().ok()?, hub: Uuid::parse_str(hub).ok(), fix: read_fix(fix) })
}

fn read_fix(text: &str) -> Option<SeenFix> {
    let mut parts = text.split(' ');
    let at_ms = parts.next()?.parse().ok()?;
    let (lat, lng) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some(SeenFix { lat, lng, accuracy_m: parts.next()?.parse().ok()?, at_ms })
}
