"""What mnix talks about: servers, projects, jobs, names, states. Frozen data and pure functions."""
