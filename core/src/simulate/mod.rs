//! Stands for the simulator until it is merged.
