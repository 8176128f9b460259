//! Rooms whose media goes through the server.

use super::*;

#[test]
fn server_takes_the_hosts_stream_as_a_hidden_viewer() {
    let mut stage = Stage::with_server(&["lin"]);
    let (tasks, links) = stage.tasks();
    assert_eq!(tasks, "Take(cooking) Show(cooking lin)");
    let link = links[0];
    stage.rooms.ask(link);
    let server = link.name();
    assert_eq!(stage.told("ada"), format!("Wanted({server})"));
    assert_eq!(stage.told("lin") + &stage.told("bob"), "");

    stage.signal("ada", Signal::Offer, server.as_str(), "o");
    assert_eq!(stage.tasks(), ("Said(o)".to_owned(), vec![link]));
    stage.rooms.say(link, "a".to_owned());
    assert_eq!(stage.told("ada"), format!("Answer({server} a)"));
    stage.pass(PUSH_EVERY);
    assert_eq!(stage.told("ada"), "Rooms(cooking) Count(2)");
}

#[test]
fn viewers_get_offers_from_the_server_and_not_the_host() {
    let mut stage = Stage::with_server(&["lin"]);
    stage.tasks();
    stage.join("bob", "cooking", "Bob").expect("a place");
    assert_eq!(stage.told("ada"), "Joined(Bob)");
    assert_eq!(stage.told("lin"), "Joined(Bob)");
    let (tasks, links) = stage.tasks();
    assert_eq!(tasks, "Show(cooking Bob)");
    stage.rooms.say(links[0], "o".to_owned());
    assert_eq!(stage.told("bob"), "Offer(cooking o)");
    stage.signal("bob", Signal::Answer, "cooking", "a");
    assert_eq!(stage.tasks(), ("Said(a)".to_owned(), links));
    assert_eq!(stage.told("ada") + &stage.told("lin"), "");
}

#[test]
fn host_and_viewers_cannot_bypass_the_server() {
    let mut stage = Stage::with_server(&["lin"]);
    let (_, links) = stage.tasks();
    let refused = stage.try_signal("ada", Signal::Offer, "lin", "x");
    assert_eq!(refused, Err(Refusal::NoPeer));
    let (host, server) = (links[0], links[0].name());
    for (from, signal, to) in [
        ("lin", Signal::Answer, server.as_str()),
        ("bob", Signal::Offer, server.as_str()),
        ("bob", Signal::Answer, "cooking"),
        ("bob", Signal::Candidate, "cooking"),
    ] {
        let refused = stage.try_signal(from, signal, to, "x");
        assert_eq!(refused, Err(Refusal::NoPeer), "{from} {signal:?}");
    }
    // Candidates are accepted, and lead to no task.
    stage.signal("ada", Signal::Candidate, server.as_str(), "1");
    stage.signal("lin", Signal::Candidate, "cooking", "2");
    assert_eq!(stage.tasks().0, "");
    // A host is sent an answer, and no viewer is.
    stage.rooms.say(host, "a".to_owned());
    assert_eq!(stage.told("ada"), format!("Answer({server} a)"));
    assert_eq!(stage.told("lin") + &stage.told("bob"), "");
}

#[test]
fn each_room_of_a_host_has_its_own_connection() {
    let mut stage = Stage::with_server(&[]);
    stage.create("ada", "chess").expect("a room");
    let (tasks, links) = stage.tasks();
    assert_eq!(tasks, "Take(cooking) Take(chess)");
    let [cooking, chess] = [links[0].name(), links[1].name()];
    assert_ne!(cooking, chess);
    stage.signal("ada", Signal::Offer, chess.as_str(), "o");
    assert_eq!(stage.tasks(), ("Said(o)".to_owned(), vec![links[1]]));
}

#[test]
fn connections_end_with_their_client_and_with_the_room() {
    let mut stage = Stage::with_server(&["lin", "bob"]);
    let (_, links) = stage.tasks();
    stage.lose("lin");
    assert_eq!(stage.tasks(), ("End".to_owned(), vec![links[1]]));
    stage.rooms.say(links[1], "late".to_owned());
    stage.close("ada").expect("a room");
    let ended = ("End End".to_owned(), vec![links[0], links[2]]);
    assert_eq!(stage.tasks(), ended);
    assert_eq!(stage.told("bob"), "Left(lin) Closed");
    for link in links {
        stage.rooms.ask(link);
        stage.rooms.fail(link);
    }
    assert_eq!(stage.told("ada") + &stage.told("bob"), "Left(lin)");
}

#[test]
fn viewer_that_reenters_its_room_gets_a_new_offer() {
    let mut stage = Stage::with_server(&["lin"]);
    let (_, old) = stage.tasks();
    stage.join("lin", "cooking", "lin").expect("a place");
    let (tasks, new) = stage.tasks();
    assert_eq!(tasks, "End Show(cooking lin)");
    assert_eq!(new[0], old[1]);
    stage.rooms.say(old[1], "late".to_owned());
    stage.rooms.say(new[1], "o".to_owned());
    assert_eq!(stage.told("lin"), "Offer(cooking o)");
}

#[test]
fn failed_connection_is_reported_and_ended() {
    let mut stage = Stage::with_server(&["lin", "bob"]);
    let (_, links) = stage.tasks();
    stage.rooms.fail(links[1]);
    assert_eq!(stage.told("lin"), "JoinFailed");
    assert_eq!(stage.told("ada"), "Left(lin)");
    stage.rooms.fail(links[0]);
    assert_eq!(stage.told("ada"), "CreateFailed");
    assert_eq!(stage.told("bob"), "Left(lin) Closed");
    stage.create("bob", "cooking").expect("the name is free");
}

#[test]
fn viewer_cannot_take_the_servers_name() {
    let mut stage = Stage::with_server(&[]);
    let (_, links) = stage.tasks();
    let refused = stage.join("bob", "cooking", links[0].name().as_str());
    assert_eq!(refused, Err(Refusal::Taken));
}
