//! One connection that is made anew after any error: what is wrong with it is never asked, only whether it answers.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{FromRedisValue, RedisResult, ScriptInvocation};
use tokio::sync::Mutex;

use super::sentinel::{Servers, config};
use crate::cluster::error::{Answer, ClusterError};

/// A connection to whichever server is the master.
pub struct Link {
    servers: Servers,
    limit: Duration,
    current: Mutex<Option<MultiplexedConnection>>,
}

impl Link {
    /// Not connected yet. No operation takes longer than `limit`, connecting included.
    pub fn new(servers: Servers, limit: Duration) -> Self {
        Link { servers, limit, current: Mutex::new(None) }
    }

    /// Runs a script.
    ///
    /// # Errors
    /// `Unreachable`; whether the script ran is not known then.
    pub async fn run<T: FromRedisValue>(&self, script: ScriptInvocation<'_>) -> Answer<T> {
        let ran = tokio::time::timeout(self.limit, self.try_run(&script)).await;
        let why = match ran {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {} ms", self.limit.as_millis()),
        };
        // A demoted master, a half-open socket, a full server: the next one is found from the start.
        *self.current.lock().await = None;
        Err(ClusterError::Unreachable { detail: why })
    }

    async fn try_run<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> RedisResult<T> {
        let mut conn = self.connection().await?;
        script.invoke_async(&mut conn).await
    }

    async fn connection(&self) -> RedisResult<MultiplexedConnection> {
        let mut current = self.current.lock().await;
        if let Some(conn) = current.as_ref() {
            return Ok(conn.clone());
        }
        let client = self.servers.find(self.limit).await?;
        let conn = client.get_multiplexed_async_connection_with_config(&config(self.limit)).await?;
        Ok(current.insert(conn).clone())
    }
}
