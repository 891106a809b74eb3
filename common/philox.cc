#include "common/philox.h"
