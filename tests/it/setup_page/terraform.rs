//! The path with Terraform.
