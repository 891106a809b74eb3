// services/console.cc
