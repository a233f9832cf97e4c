//! The support itself: every server really starts, and every refusal really refuses. Says nothing about the product.

mod doppler;
mod postgres;
mod run;
mod runner;
mod s3;
mod samples;
mod terminal;
mod trial;
