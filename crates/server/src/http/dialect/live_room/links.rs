//! The connections of the server with hosts and viewers, and the task that carries out what rooms ask
//! of them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::OpenError;
use room::direct::{LinkId, Name, Task};
use room::{EndReason, ParticipantKey};
use tokio::sync::mpsc;

use super::host::Host;
use super::server::{Names, Server};
use super::viewer;
use crate::control::Entrance;

/// Descriptions of one client that wait for the task of its connection. Further ones are dropped.
const SAID_MAX: usize = 16;

/// All connections of the server with hosts and viewers. The tasks of rooms are carried out by a
/// task of its own, one after the other, since they call the control plane.
#[derive(Debug)]
pub(super) struct Links {
    tasks: mpsc::UnboundedSender<Task>,
    hosts: Hosts,
}

/// The participants that hosts are, by their connections. They leave at once with their rooms: the
/// next room of this name may be created right after.
type Hosts = Arc<Mutex<BTreeMap<LinkId, ParticipantKey>>>;

/// What carries out the tasks.
struct Worker {
    server: Server,
    hosts: Hosts,
    /// The way to the task of each connection. Dropping it ends that task.
    said: BTreeMap<LinkId, mpsc::Sender<String>>,
}

impl Links {
    pub(super) fn start(server: Server) -> Self {
        // As many as rooms have clients that come and go: what these may ask is limited.
        let (tasks, receiver) = mpsc::unbounded_channel();
        let hosts = Hosts::default();
        let worker = Worker {
            server,
            hosts: hosts.clone(),
            said: BTreeMap::new(),
        };
        tokio::spawn(worker.run(receiver));
        Self { tasks, hosts }
    }

    /// Has a task carried out. Returns the participant that leaves with it.
    pub(super) fn take(&self, task: Task) -> Option<ParticipantKey> {
        let leaving = match &task {
            Task::End(link) => lock(&self.hosts).remove(link),
            _ => None,
        };
        if self.tasks.send(task).is_err() {
            tracing::warn!("a task of a live room was lost");
        }
        leaving
    }
}

impl Worker {
    async fn run(mut self, mut tasks: mpsc::UnboundedReceiver<Task>) {
        while let Some(task) = tasks.recv().await {
            if let Err((link, error)) = self.carry_out(task) {
                self.server.fail(link, &error);
            }
        }
    }

    /// Carries out a task of the rooms. Returns the connection that failed.
    fn carry_out(&mut self, task: Task) -> Result<(), (LinkId, OpenError)> {
        match task {
            Task::Take { link, room } => {
                let (names, entrance) = self.enter(&room).map_err(|error| (link, error))?;
                lock(&self.hosts).insert(link, entrance.key);
                let said = self.begin(link);
                let host = Host::new(self.server.clone(), link, room, names, entrance);
                tokio::spawn(host.run(said));
            }
            Task::Show { link, room, viewer } => {
                let said = self.begin(link);
                let server = self.server.clone();
                tokio::spawn(viewer::run(server, link, room, viewer, said));
            }
            Task::Said { link, body } => {
                if let Some(said) = self.said.get(&link)
                    && let Err(error) = said.try_send(body)
                {
                    tracing::debug!(?link, %error, "a session description was dropped");
                }
            }
            Task::End(link) => {
                self.said.remove(&link);
                // The room ended before its host had entered. The lock on hosts is taken under that
                // of the control plane, so it is released before.
                let left_over = lock(&self.hosts).remove(&link);
                if let Some(key) = left_over {
                    self.server.control.leave(key, EndReason::Left);
                }
            }
        }
        Ok(())
    }

    /// Lets a host into its room.
    fn enter(&self, room: &Name) -> Result<(Names, Entrance), OpenError> {
        let names = Names::of(room.as_str())?;
        let enter = names.enter(names.host.clone(), room, room::Role::Publisher);
        let entrance = self.server.control.enter(enter)?;
        Ok((names, entrance))
    }

    fn begin(&mut self, link: LinkId) -> mpsc::Receiver<String> {
        let (said, receiver) = mpsc::channel(SAID_MAX);
        self.said.insert(link, said);
        receiver
    }
}

fn lock(hosts: &Hosts) -> MutexGuard<'_, BTreeMap<LinkId, ParticipantKey>> {
    // Changed in whole steps: a panic elsewhere leaves it as it is.
    hosts.lock().unwrap_or_else(PoisonError::into_inner)
}
