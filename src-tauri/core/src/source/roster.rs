//! Names in the order in which a kernel file lists them, each with what was found out about it when it appeared.
//! Kernel files keep their order, so that a name is usually found where it was.

use std::sync::Arc;

/// What is known of the names in a file, from one reading of it to the next.
#[derive(Debug)]
pub(crate) struct Roster<T> {
    entries: Vec<(Arc<str>, T)>,
    /// Where the next name is expected.
    at: usize,
}

impl<T> Roster<T> {
    pub(crate) const fn new() -> Self {
        Self { entries: Vec::new(), at: 0 }
    }

    /// Goes back to the top of the file.
    pub(crate) fn begin(&mut self) {
        self.at = 0;
    }

    /// The next name of the file with what is known of it; `find_out` is called for one that was not there before.
    pub(crate) fn next(&mut self, name: &str, find_out: impl FnOnce() -> T) -> (&Arc<str>, &T) {
        let at = self.at;
        self.at += 1;
        match self.entries[at..].iter().position(|(known, _)| **known == *name) {
            Some(0) => {}
            Some(further) => self.entries[at..=at + further].rotate_right(1),
            None => self.entries.insert(at, (name.into(), find_out())),
        }
        let (name, known) = &self.entries[at];
        (name, known)
    }

    /// Forgets the names that the file no longer has.
    pub(crate) fn end(&mut self) {
        self.entries.truncate(self.at);
    }

    /// All names in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &T)> + Clone {
        self.entries.iter().map(|(name, known)| (name, known))
    }

    /// All names in order.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&Arc<str>, &mut T)> {
        self.entries.iter_mut().map(|(name, known)| (&*name, known))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// However a file changes: its order is kept, a name that stays is asked about once, one that went is forgotten.
        #[test]
        fn follows_the_file(files in prop::collection::vec(prop::collection::btree_set(0..12u8, 0..8), 1..12), shuffles: Vec<u8>) {
            let mut roster = Roster::new();
            let mut shuffles = shuffles.into_iter().cycle();
            let mut before: Vec<String> = Vec::new();
            for file in files {
                let mut names: Vec<String> = file.into_iter().map(|name| name.to_string()).collect();
                if !names.is_empty() {
                    let by = usize::from(shuffles.next().unwrap_or(0)) % names.len();
                    names.rotate_left(by);
                }
                roster.begin();
                let mut asked = Vec::new();
                for name in &names {
                    let (known, ()) = roster.next(name, || asked.push(name.clone()));
                    prop_assert_eq!(&**known, name.as_str());
                }
                roster.end();
                prop_assert!(roster.iter().map(|(name, ())| &**name).eq(names.iter().map(String::as_str)));
                let new: Vec<String> = names.iter().filter(|name| !before.contains(name)).cloned().collect();
                prop_assert_eq!(asked, new);
                before = names;
            }
        }
    }
}
