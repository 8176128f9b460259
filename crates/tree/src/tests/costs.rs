//! The cost of calls, in looks at members and comparisons of places.

use super::*;

/// A tree of this many members with a capacity of three, and its last member.
fn crowd(members: u64) -> (Tree<u64>, MemberId) {
    let mut tree = Tree::new(Orphans::Dissolve, capacity(3), 0);
    let mut last = tree.root();
    for number in 1..members {
        last = tree.add(capacity(3), number);
        tree.attach(last);
        tree.ready(last);
    }
    (tree, last)
}

/// A B-tree of n places compares at most all 11 keys of one node on each level, and each level
/// divides by 6. A call looks into it a fixed number of times.
fn steps_allowed(members: u64) -> u64 {
    let levels = (members as f64).log(6.0).ceil() as u64 + 1;
    40 + 10 * 11 * levels
}

#[test]
fn join_costs_the_logarithm_of_the_tree_size() {
    let cost = |members| {
        let (mut tree, _) = crowd(members);
        let (_, steps) = cost::of(|| {
            let member = tree.add(capacity(3), 0);
            tree.attach(member);
            tree.ready(member);
        });
        assert!(steps > 0, "something is counted");
        assert!(steps <= steps_allowed(members), "{steps} of {members}");
        steps
    };
    let (small, large) = (cost(1_000), cost(100_000));
    assert!(large < small * 3, "{small} of 1,000, {large} of 100,000");
}

#[test]
fn leave_costs_as_much_as_it_moves() {
    let (mut tree, last) = crowd(100_000);
    let (moves, steps) = cost::of(|| tree.remove(last));
    assert!(
        moves.is_empty() && steps <= steps_allowed(100_000),
        "{steps}"
    );

    let inner = tree.placed().find(|(depth, ..)| *depth == 7);
    let (_, inner, _) = inner.expect("it is deeper than that");
    let (moves, steps) = cost::of(|| tree.remove(inner));
    let moved = moves.len() as u64;
    assert!((10..1_000).contains(&moved), "{moved} are below");
    assert!(steps <= (moved + 1) * steps_allowed(100_000), "{steps}");
}

#[test]
fn join_costs_no_more_after_many_joins_and_leaves() {
    let (mut tree, _) = crowd(20_000);
    // A hundred times, a relay leaves, every third one in turn. The members below it join again,
    // and a new one comes.
    for round in 0..100 {
        let relays = tree.placed().filter(|(depth, ..)| (2..8).contains(depth));
        let nth = relays.map(|(_, id, _)| id).nth(round * 3);
        let leaves = nth.expect("there are as many");
        let lost = tree.remove(leaves);
        let joins = lost
            .iter()
            .map(|told| told.member)
            .chain([tree.add(capacity(3), 0)]);
        for member in joins.collect::<Vec<_>>() {
            let (moves, steps) = cost::of(|| {
                let moves = tree.attach(member);
                tree.ready(member);
                moves
            });
            assert_eq!(moves.len(), 1, "there is a place");
            assert!(steps <= steps_allowed(20_000), "{steps}");
        }
    }
    assert_eq!(tree.placed().count(), 20_000, "nobody is lost");
}

#[test]
fn parent_with_most_children_loses_one_as_fast_as_any() {
    let mut tree = Tree::new(Orphans::KeepSubtrees, capacity(50_000), 0);
    let members: Vec<_> = (0..50_000)
        .map(|number| tree.add(capacity(0), number))
        .collect();
    for member in &members {
        tree.attach(*member);
    }
    let (_, steps) = cost::of(|| tree.remove(members[25_000]));
    assert!(steps <= steps_allowed(50_000), "{steps}");
}

#[test]
fn chain_of_a_hundred_thousand_dissolves_without_recursion() {
    let mut tree = Tree::new(Orphans::Dissolve, capacity(1), 0);
    let mut first = None;
    for number in 1..100_000 {
        let member = tree.add(capacity(1), number);
        tree.attach(member);
        tree.ready(member);
        first.get_or_insert(member);
    }
    assert_eq!(tree.placed().count(), 100_000);
    let moves = tree.remove(first.expect("a member"));
    assert_eq!(moves.len(), 99_998);
}
