//! The lease. One script, so that looking and taking are one step.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use redis::Script;
use uuid::Uuid;

use super::{RedisCluster, key};
use crate::cluster::election::{Bid, Election, LEASE_MS, Leader, Present, Standing};
use crate::cluster::error::{Answer, ClusterError};

/// KEYS: lease, since. ARGV: owner, term, address, length in ms, 1 if SQL has given the bidder the term.
/// `since` is when this store began to know of the district: a store that started empty hides a leader who has not
/// renewed yet, so whoever does not lead waits one length of a lease first.
const BID: &str = r"
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local since = tonumber(redis.call('GET', KEYS[2]))
if not since then
  since = now
  redis.call('SET', KEYS[2], now)
end
local held = redis.call('HMGET', KEYS[1], 'owner', 'term', 'address')
if held[1] and held[1] ~= ARGV[1] then
  return {'other', held[1], held[2], held[3]}
end
if not held[1] and ARGV[5] ~= '1' and now - since < tonumber(ARGV[4]) then
  return {'wait', tostring(tonumber(ARGV[4]) - (now - since)), '', ''}
end
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'term', ARGV[2], 'address', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return {'held', '', '', ''}
";

/// KEYS: lease. ARGV: owner.
const GIVE_BACK: &str = r"
if redis.call('HGET', KEYS[1], 'owner') == ARGV[1] then
  return redis.call('DEL', KEYS[1])
end
return 0
";

/// KEYS: lease.
const LOOK: &str = r"
local held = redis.call('HMGET', KEYS[1], 'owner', 'term', 'address')
return {held[1] or '', held[2] or '', held[3] or ''}
";

/// KEYS: when each hub was last here, how many it leads. ARGV: owner, led, length in ms. Whoever was not here for so long
/// is forgotten.
const ATTEND: &str = r"
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[3]))) do
  redis.call('ZREM', KEYS[1], gone)
  redis.call('HDEL', KEYS[2], gone)
end
return redis.call('HGETALL', KEYS[2])
";

/// KEYS: as for ATTEND. ARGV: owner.
const LEAVE: &str = r"
redis.call('ZREM', KEYS[1], ARGV[1])
return redis.call('HDEL', KEYS[2], ARGV[1])
";

/// Keys of all hubs, on one node of a cluster.
const SEEN_KEY: &str = "baiying:{hubs}:seen";
const LEADS_KEY: &str = "baiying:{hubs}:leads";

static BID_SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(BID));
static GIVE_BACK_SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(GIVE_BACK));
static LOOK_SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(LOOK));
static ATTEND_SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(ATTEND));
static LEAVE_SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(LEAVE));

impl Election for RedisCluster {
    fn bid(&self, bid: Bid) -> BoxFuture<'_, Answer<Standing>> {
        async move {
            let Bid { district, leader, is_leading } = bid;
            let mut script = BID_SCRIPT.key(key(district, "lease"));
            script.key(key(district, "since")).arg(leader.owner.to_string()).arg(leader.term);
            script.arg(leader.address).arg(LEASE_MS).arg(u8::from(is_leading));
            let (word, first, term, address): (String, String, String, String) = self.lease.run(script).await?;
            match word.as_str() {
                "held" => Ok(Standing::Held),
                "wait" => Ok(Standing::Wait { after_ms: number(&first)? }),
                _ => Ok(Standing::Other(leader_of(&first, &term, address)?)),
            }
        }
        .boxed()
    }

    fn give_back(&self, district: u32, owner: Uuid) -> BoxFuture<'_, Answer<bool>> {
        async move {
            let mut script = GIVE_BACK_SCRIPT.key(key(district, "lease"));
            script.arg(owner.to_string());
            let gone: u32 = self.lease.run(script).await?;
            Ok(gone == 1)
        }
        .boxed()
    }

    fn attend(&self, hub: Present) -> BoxFuture<'_, Answer<Vec<Present>>> {
        async move {
            let mut script = ATTEND_SCRIPT.key(SEEN_KEY);
            script.key(LEADS_KEY).arg(hub.owner.to_string()).arg(hub.leads).arg(LEASE_MS);
            let told: BTreeMap<String, String> = self.lease.run(script).await?;
            // What cannot be read was not written by a hub.
            let present = |(owner, leads): (&String, &String)| {
                Some(Present { owner: Uuid::parse_str(owner).ok()?, leads: leads.parse().ok()? })
            };
            Ok(told.iter().filter_map(present).collect())
        }
        .boxed()
    }

    fn leave(&self, owner: Uuid) -> BoxFuture<'_, Answer<()>> {
        async move {
            let mut script = LEAVE_SCRIPT.key(SEEN_KEY);
            script.key(LEADS_KEY).arg(owner.to_string());
            self.lease.run::<u32>(script).await.map(drop)
        }
        .boxed()
    }

    fn leader(&self, district: u32) -> BoxFuture<'_, Answer<Option<Leader>>> {
        async move {
            let script = LOOK_SCRIPT.key(key(district, "lease"));
            let (owner, term, address): (String, String, String) = self.lease.run(script).await?;
            if owner.is_empty() { Ok(None) } else { leader_of(&owner, &term, address).map(Some) }
        }
        .boxed()
    }
}

fn leader_of(owner: &str, term: &str, address: String) -> Answer<Leader> {
    let owner = Uuid::parse_str(owner).map_err(|_| strange(owner))?;
    Ok(Leader { owner, term: number(term)?, address })
}

fn number(text: &str) -> Answer<u64> {
    text.parse().map_err(|_| strange(text))
}

/// Somebody else writes under our keys.
fn strange(found: &str) -> ClusterError {
    ClusterError::Unreachable { detail: format!("{found:?} stands in a lease: does something else use this Redis?") }
}
