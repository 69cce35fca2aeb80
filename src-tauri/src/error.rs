//! The one error that crosses to the page: what kind, in plain words, and which field where there is one.

use std::fmt::Display;

use serde::Serialize;
use specta::Type;
use telltale_core::gpu_details::UnknownGpu;
use telltale_core::history::QueryError;
use telltale_core::settings::InvalidSetting;
use telltale_core::verdict::VerdictError;

/// What a command answers instead of its result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub(crate) struct CommandError {
    /// For a program.
    pub kind: ErrorKind,
    /// For a person: what was wrong and what is allowed.
    pub message: String,
    /// The field of the argument that was wrong.
    pub field: Option<String>,
}

impl CommandError {
    /// For an argument, or a part of one, that can't be worked with.
    pub(crate) fn invalid(field: String, why: impl Display) -> Self {
        Self { kind: ErrorKind::InvalidQuery, message: format!("{field}: {why}"), field: Some(field) }
    }

    /// For what is nobody's fault but Telltale's.
    pub(crate) fn internal(what: impl Display) -> Self {
        Self { kind: ErrorKind::Internal, message: format!("Telltale is at fault: {what}"), field: None }
    }
}

/// The kinds of error there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ErrorKind {
    /// A setting or a value that is not allowed. Nothing was changed.
    InvalidSetting,
    /// A query that can't be answered.
    InvalidQuery,
    /// There is no GPU of that id.
    UnknownGpu,
    /// The settings are in force but could not be written to their file.
    NotSaved,
    /// A file could not be written. What was there before is still there.
    NotWritten,
    /// Telltale itself is at fault: the command panicked, and how far it came is not known.
    Internal,
}

impl From<InvalidSetting> for CommandError {
    fn from(error: InvalidSetting) -> Self {
        Self { kind: ErrorKind::InvalidSetting, message: error.to_string(), field: Some(error.field) }
    }
}

impl From<VerdictError> for CommandError {
    fn from(error: VerdictError) -> Self {
        match error {
            VerdictError::UnknownGpu(error) => error.into(),
            VerdictError::Range(error) => QueryError::from(error).into(),
        }
    }
}

impl From<QueryError> for CommandError {
    fn from(error: QueryError) -> Self {
        Self { kind: ErrorKind::InvalidQuery, message: error.to_string(), field: Some(error.field().into()) }
    }
}

impl From<UnknownGpu> for CommandError {
    fn from(error: UnknownGpu) -> Self {
        Self { kind: ErrorKind::UnknownGpu, message: error.to_string(), field: Some("gpu_id".into()) }
    }
}

#[cfg(test)]
mod tests {
    use telltale_core::history::ReversedRange;

    use super::*;

    #[test]
    fn a_gpu_or_a_range_that_can_not_be_is_the_same_error_whatever_asked() {
        let unknown = UnknownGpu { found: "GPU-9".into(), known: vec![] };
        let error = CommandError::from(VerdictError::from(unknown.clone()));
        assert_eq!((error.kind, error.field.as_deref()), (ErrorKind::UnknownGpu, Some("gpu_id")));
        assert_eq!(error, CommandError::from(unknown));
        let reversed = ReversedRange { since: 2, until: 1 };
        let error = CommandError::from(VerdictError::from(reversed));
        assert_eq!((error.kind, error.field.as_deref()), (ErrorKind::InvalidQuery, Some("since")));
        assert_eq!(error, CommandError::from(QueryError::from(reversed)));
    }
}
