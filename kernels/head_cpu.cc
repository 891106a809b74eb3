#include "kernels/head.h"
