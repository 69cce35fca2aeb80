//! Reads a file of /proc or /sys again and again: it stays open, and its buffer is kept.

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::SourceError;

/// A text file that the kernel writes anew at every read from its start.
#[derive(Debug)]
pub(crate) struct ProcFile {
    path: PathBuf,
    file: Option<File>,
    buffer: Vec<u8>,
}

impl ProcFile {
    /// Names the file; it is opened at the first read.
    pub(crate) fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), file: None, buffer: Vec::new() }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The whole text now. Bytes that are not UTF-8 (a device may have any name) become U+FFFD.
    pub(crate) fn read(&mut self) -> Result<Cow<'_, str>, SourceError> {
        let bytes = self.read_bytes()?;
        // Looking for what is not UTF-8 takes longer than seeing that there is nothing.
        Ok(std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed))
    }

    /// The same as it is: names of files need not be UTF-8.
    pub(crate) fn read_bytes(&mut self) -> Result<&[u8], SourceError> {
        if let Err(error) = self.fill() {
            self.file = None; // opened anew next time
            return Err(SourceError::Read { path: self.path.clone(), error });
        }
        Ok(&self.buffer)
    }

    fn fill(&mut self) -> io::Result<()> {
        let file = match &self.file {
            Some(file) => file,
            None => self.file.insert(File::open(&self.path)?),
        };
        let mut length = 0;
        loop {
            if self.buffer.len() < length + 1024 {
                self.buffer.resize((length + 1024).next_power_of_two().max(4096), 0);
            }
            match file.read_at(&mut self.buffer[length..], length as u64) {
                Ok(0) => break,
                Ok(read) => length += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.buffer.truncate(length);
        Ok(())
    }
}

/// A file that holds a line of a few numbers, as most of /sys do: it comes whole in one read.
#[derive(Debug)]
pub(crate) struct Attribute {
    path: PathBuf,
    file: Option<File>,
}

impl Attribute {
    /// Longer than any line of numbers that is read.
    const LONGEST: usize = 256;

    /// Names the file; it is opened at the first read, and anew after one that failed.
    pub(crate) fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), file: None }
    }

    /// The number at `place` of the line, counted from 0; `None` if the file can't be read or has no such number.
    pub(crate) fn number<T: FromStr>(&mut self, place: usize) -> Option<T> {
        let mut buffer = [0; Self::LONGEST];
        match self.fill(&mut buffer) {
            Ok(length) => {
                let line = std::str::from_utf8(&buffer[..length]).ok()?;
                line.split_ascii_whitespace().nth(place)?.parse().ok()
            }
            Err(_) => {
                self.file = None;
                None
            }
        }
    }

    /// Lets go of the file until the next read.
    pub(crate) fn close(&mut self) {
        self.file = None;
    }

    fn fill(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let file = match &self.file {
            Some(file) => file,
            None => self.file.insert(File::open(&self.path)?),
        };
        file.read_at(buffer, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_file_says_now_however_long() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stat");
        std::fs::write(&path, "short\n").unwrap();
        let mut file = ProcFile::new(&path);
        assert_eq!(file.read().unwrap(), "short\n");
        let long = "x".repeat(100_000);
        std::fs::write(&path, &long).unwrap();
        assert_eq!(file.read().unwrap(), long);
        std::fs::write(&path, "short\n").unwrap();
        assert_eq!(file.read().unwrap(), "short\n");
    }

    #[test]
    fn numbers_of_a_line_by_their_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mm_stat");
        let mut attribute = Attribute::new(&path);
        assert_eq!(attribute.number::<u64>(0), None);
        std::fs::write(&path, "9 8 -700\n").unwrap();
        assert_eq!((attribute.number(0), attribute.number(2)), (Some(9u64), Some(-700.0)));
        assert_eq!((attribute.number::<u64>(2), attribute.number::<u64>(3)), (None, None));
        std::fs::write(&path, "max\n").unwrap();
        assert_eq!(attribute.number::<u64>(0), None);
    }

    #[test]
    fn a_missing_file_is_an_error_with_its_path_and_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("later");
        let mut file = ProcFile::new(&path);
        assert!(file.read().unwrap_err().to_string().contains("later"));
        std::fs::write(&path, "here").unwrap();
        assert_eq!(file.read().unwrap(), "here");
    }
}
