//! Session descriptions: offers and answers read leniently and written once.
