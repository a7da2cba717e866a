//! The lease. One script, so that looking and taking are one step.

use std::sync::LazyLock;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use redis::Script;
use uuid::Uuid;

use super::{RedisCluster, key};
use crate::cluster::election::{Bid, Election, LEASE_MS, Leader, Standing};
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

static BID_SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(BID));
static GIVE_BACK_SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(GIVE_BACK));
static LOOK_SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(LOOK));

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
