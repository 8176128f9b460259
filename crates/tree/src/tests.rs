use super::*;

mod costs;
mod model;
mod properties;

fn capacity(capacity: u32) -> Capacity {
    Capacity {
        children_max: capacity,
        ..Capacity::default()
    }
}

/// A tree of named members with a capacity of two.
fn tree_of_two(orphans: Orphans) -> Tree<&'static str> {
    Tree::new(orphans, capacity(2), "root")
}

/// Adds a member, attaches it, and gives it media as soon as it has a place.
fn join(tree: &mut Tree<&'static str>, name: &'static str) -> MemberId {
    let member = tree.add(capacity(2), name);
    tree.attach(member);
    tree.ready(member);
    member
}

/// The tree as text, as in `root(ada(bob) eve)`.
fn drawn(tree: &Tree<&'static str>) -> String {
    let mut text = String::new();
    let mut deepest = 0;
    for (depth, _, name) in tree.placed() {
        match depth {
            0 => {}
            _ if depth > deepest => text += "(",
            _ => {
                text += &")".repeat((deepest - depth) as usize);
                text += " ";
            }
        }
        text += name;
        deepest = depth;
    }
    text + &")".repeat(deepest as usize)
}

#[test]
fn places_are_given_breadth_first_in_the_order_of_joining() {
    let mut tree = tree_of_two(Orphans::Dissolve);
    for name in ["ada", "bob", "cid", "dee", "eve", "fay", "gus"] {
        join(&mut tree, name);
    }
    assert_eq!(drawn(&tree), "root(ada(cid(gus) dee) bob(eve fay))");
}

#[test]
fn members_with_capacity_one_form_a_chain() {
    let mut tree = Tree::new(Orphans::Dissolve, capacity(1), "root");
    for name in ["ada", "bob", "cid"] {
        let member = tree.add(capacity(1), name);
        tree.attach(member);
        tree.ready(member);
    }
    assert_eq!(drawn(&tree), "root(ada(bob(cid)))");
}

#[test]
fn member_without_media_gets_no_children() {
    let mut tree = Tree::new(Orphans::Dissolve, capacity(1), "root");
    let [ada, bob] = ["ada", "bob"].map(|name| tree.add(capacity(1), name));
    assert_eq!(tree.attach(ada).len(), 1);
    assert_eq!(tree.attach(bob), [], "it waits");
    let placed = Move {
        member: bob,
        parent: Some(ada),
    };
    assert_eq!(tree.ready(ada), [placed]);
}

#[test]
fn longest_waiting_member_gets_the_free_place() {
    let mut tree = Tree::new(Orphans::Dissolve, capacity(1), "root");
    let [ada, bob, cid] = ["ada", "bob", "cid"].map(|name| tree.add(capacity(0), name));
    for member in [ada, bob, cid] {
        tree.attach(member);
    }
    let placed = Move {
        member: bob,
        parent: Some(tree.root()),
    };
    assert_eq!(tree.remove(ada), [placed]);
    assert!(!tree.is_placed(cid));
}

#[test]
fn dissolve_moves_all_members_below_a_leaving_one() {
    let mut tree = tree_of_two(Orphans::Dissolve);
    let [ada, _bob, cid, dee] = ["ada", "bob", "cid", "dee"].map(|name| join(&mut tree, name));
    let moves = tree.remove(ada);
    assert_eq!(
        moves,
        [cid, dee].map(|member| Move {
            member,
            parent: None
        })
    );
    assert_eq!(drawn(&tree), "root(bob)");
    for member in [cid, dee] {
        tree.attach(member);
    }
    assert_eq!(drawn(&tree), "root(bob(dee) cid)");
}

#[test]
fn keep_subtrees_moves_only_children_of_a_leaving_member() {
    let mut tree = tree_of_two(Orphans::KeepSubtrees);
    let [ada, _bob, cid] = ["ada", "bob", "cid"].map(|name| join(&mut tree, name));
    for name in ["dee", "eve", "fay", "gus"] {
        join(&mut tree, name);
    }
    assert_eq!(drawn(&tree), "root(ada(cid(gus) dee) bob(eve fay))");
    let told: Vec<_> = tree.remove(ada).iter().map(|told| told.member).collect();
    assert_eq!(told.len(), 2, "its children, and nobody below them");
    let zoe = join(&mut tree, "zoe");
    assert_eq!(tree.parent(zoe), Some(tree.root()), "cid has no media now");
    tree.attach(cid);
    assert_eq!(drawn(&tree), "root(bob(eve fay) zoe(cid(gus)))");
}

#[test]
fn replaced_parent_is_none_of_those_avoided() {
    let mut tree = tree_of_two(Orphans::Dissolve);
    let [ada, bob] = ["ada", "bob"].map(|name| join(&mut tree, name));
    let cid = tree.add(capacity(2), "cid");
    tree.attach(cid);
    assert_eq!(tree.parent(cid), Some(ada));
    let moved = Move {
        member: cid,
        parent: Some(bob),
    };
    assert_eq!(tree.replace(cid, &[]), [moved]);
    assert_eq!(tree.replace(cid, &[ada]), [], "there is no third");
    assert_eq!(tree.parent(cid), Some(bob), "so it stays");
}

#[test]
fn member_with_less_risk_becomes_parent_first() {
    let mut tree = tree_of_two(Orphans::Dissolve);
    let [ada, bob] = ["ada", "bob"].map(|name| join(&mut tree, name));
    let risky = Capacity {
        risk: 1,
        ..capacity(2)
    };
    tree.set_capacity(ada, risky);
    let cid = join(&mut tree, "cid");
    assert_eq!(tree.parent(cid), Some(bob));
    tree.set_capacity(ada, capacity(2));
    let dee = join(&mut tree, "dee");
    assert_eq!(tree.parent(dee), Some(ada));
}

#[test]
fn parent_of_the_same_region_may_be_one_level_deeper() {
    let near = |capacity, region| Capacity {
        children_max: capacity,
        region,
        risk: 0,
    };
    let mut tree = Tree::new(Orphans::Dissolve, near(3, 1), "root");
    let mut join = |name, capacity| {
        let member = tree.add(capacity, name);
        tree.attach(member);
        tree.ready(member);
        (member, tree.parent(member))
    };
    let (ada, _) = join("ada", near(1, 2));
    let (bob, parent) = join("bob", near(1, 2));
    assert_eq!(parent, Some(ada), "a level deeper, and near");
    let (_, parent) = join("cid", near(1, 2));
    assert_ne!(parent, Some(bob), "two levels deeper is too far");
}

#[test]
fn reduced_capacity_costs_the_youngest_child_its_place() {
    let mut tree = tree_of_two(Orphans::Dissolve);
    let [_ada, bob] = ["ada", "bob"].map(|name| join(&mut tree, name));
    let lost = Move {
        member: bob,
        parent: None,
    };
    assert_eq!(tree.set_capacity(tree.root(), capacity(1)), [lost]);
    assert_eq!(drawn(&tree), "root(ada)");
}

#[test]
fn id_of_a_removed_member_is_not_used_again() {
    let mut tree = tree_of_two(Orphans::Dissolve);
    let ada = join(&mut tree, "ada");
    tree.remove(ada);
    let bob = join(&mut tree, "bob");
    assert_ne!(ada, bob);
    assert_eq!(tree.get(ada), None);
    assert_eq!(tree.remove(ada), []);
    assert_eq!(tree.detach(tree.root()), [], "and the root stays");
    assert_eq!(drawn(&tree), "root(bob)");
}
