//! GitHub: the secrets that the workflows name, and the reviewers of production.
