#include "reward/verifier.h"
