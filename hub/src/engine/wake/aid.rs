//! What one district tells another: a command that lies in the outbox until whoever leads the other has decided it. At least
//! once, under an id that derives from the commit; only then does the row go.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use matcher::{Command, CommandId, Commit, DistrictId, SlotSet};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What became of a command for another district.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decided {
    Taken,
    /// For good: the same again would be refused again.
    Refused,
}

/// The way of a command to whoever leads a district, in this process or another; an error is for the operator, and the command
/// is sent again.
pub type AidRoad = Arc<dyn Fn(AidOrder) -> BoxFuture<'static, Result<Decided, String>> + Send + Sync>;

/// A command for another district, as it lies in the outbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AidOrder {
    /// Tells it from a wake in the same outbox.
    kind: Kind,
    from: DistrictId,
    pub to: DistrictId,
    pub id: CommandId,
    pub command: Command,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Aid,
}

impl AidOrder {
    /// What `commit` of district `from` tells `to`. The id is the same however often it is derived; the moment is in it
    /// because a log that was restored gives its numbers away again.
    pub fn new(from: DistrictId, commit: &Commit, ordinal: u32, to: DistrictId, command: Command) -> Self {
        let name = format!("baiying aid {from} {} {ordinal} {}", commit.seq, commit.at.0);
        let id = CommandId(Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).as_u128());
        AidOrder { kind: Kind::Aid, from, to, id, command }
    }

    /// As it lies in the outbox.
    pub fn encode(&self) -> Bytes {
        Bytes::from(serde_json::to_vec(self).expect("an order is plain data"))
    }

    /// `None` for a row that is something else.
    pub fn decode(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body).ok()
    }

    /// Tells it, and after a no whatever follows from that at home.
    ///
    /// # Errors
    /// Why it is to be told again, for the operator.
    pub async fn tell(self, road: &AidRoad) -> Result<(), String> {
        let back = self.after_a_no();
        match (road(self).await?, back) {
            (Decided::Refused, Some(back)) => road(back).await.map(drop),
            (Decided::Taken | Decided::Refused, _) => Ok(()),
        }
    }

    /// Who will not help is not waited for; whom nobody wants any more is stood down.
    fn after_a_no(&self) -> Option<Self> {
        let command = match &self.command {
            Command::GiveAid(request) => {
                Command::TellAid { aid: request.aid, filled: SlotSet::default(), over: true, telling: 0 }
            }
            Command::TellAid { aid, .. } => Command::EndAid { aid: *aid },
            _ => return None,
        };
        let id = CommandId(Uuid::new_v5(&Uuid::from_u128(self.id.0), b"no").as_u128());
        Some(AidOrder { to: self.from, id, command, ..self.clone() })
    }
}
