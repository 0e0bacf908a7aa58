//! Refuses a camera description that cannot be right, with the reason.
