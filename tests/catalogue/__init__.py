"""What tests are run with: schedules of every kind, optimizers, the trainers of other libraries, real processes."""
