// How near is near: design, section 4. One place for every figure.

/** Images and activations: max |err| over max |ref|. */
export const ACTIVATION_MAX = 1e-4;
/** A digest of activations: every component's error over the norm. */
export const ACTIVATION_DIGEST = 1e-4;
/** Gradients: ||err|| over ||ref||. */
export const GRADIENT_NORM = 1e-3;
/** A digest of a gradient: every component's error over the norm. */
export const GRADIENT_DIGEST = 1.5e-3;
/** Losses: relative. */
export const LOSS_RELATIVE = 1e-4;
/** Running statistics, u and v: ||err|| over ||ref|| after one pass. After training steps the design allows 1e-2. */
export const STATE_NORM = 1e-3;
/** Running statistics, u and v after training steps: ||err|| over ||ref||; of a digest every component. */
export const TRAINED_STATE_NORM = 1e-2;
/** Weights after training steps: ||delta - delta_ref|| over ||delta_ref||. */
export const DELTA_NORM = 2e-2;
/** A projection of a digest moves by at most about 1.5 times the error that it is of. */
export const DIGEST_SLACK = 1.5;
/** f16 storage against f32, in dB. */
export const F16_PSNR = 45;
/** Gradients of peers that share a batch against those of one process: ||err|| over ||ref||. */
export const PEERS_GRADIENT_NORM = 1e-4;
/** The same with gradients that travel as f16: a rounding at each end. */
export const HALVES_GRADIENT_NORM = 1e-3;
/** The same with statistics that are not synchronised: at least. */
export const PEERS_UNSYNCED = 1e-2;

/** Half the distance from 1 to the next number: what one rounding adds at most, relative to the number. */
const F32_ROUNDING = 2 ** -24;
const F16_ROUNDING = 2 ** -11;
/** The smallest number of f16, in whose steps small ones are stored. */
export const F16_SMALLEST = 2 ** -24;

const F64_ROUNDING = 2 ** -53;

/**
 * Error of a sum in f32 over the largest number of a tensor of such sums. The worst case is one rounding a term; roundings of both signs
 * add up like a random walk, to the square root of that, and the largest sum is at least twice a typical one. A few more are for the
 * products, for constants that are rounded when a program is recorded, and for functions (exp, tanh, sqrt) that WGSL lets be wrong by
 * several units.
 * @param terms of the longest sum; 0: nothing is added, and the error is that of one rounding
 */
export const sumError = (terms: number): number => (terms === 0 ? 1 : 8 + Math.sqrt(terms) / 2) * F32_ROUNDING;

/** The same where what is read, an intermediate tensor and the result are stored in f16: few roundings of that kind, which outweigh f32's. */
export const f16Error = (terms: number): number => (terms === 0 ? 1 : 4) * F16_ROUNDING;

/** Losses of exp and log of large logits. */
export const EXP_ERROR = 1e-5;

/** Gradients through a norm's own statistics, two parts of which much cancels. */
export const NORM_ERROR = 1e-5;

/** Error of numbers of size 1 in float64 after so many roundings, one upon another. */
export const f64Error = (roundings: number): number => roundings * F64_ROUNDING;

/** A Frechet distance that is 0: roots of eigenvalues of f64Error. */
export const FRECHET = 1e-9;
/** Means over the last features of a net of convolutions, summed in another order. */
export const FEATURES = 1e-5;
/** Logits of the segmenter, some 60 layers deep, as a share of their rms; measured are 5e-6. */
export const SEGMENTER_LOGITS = 1e-3;
/** Share of its cells whose class must be PyTorch's: two logits can be equal but for roundings. */
export const SEGMENTER_CELLS = 0.999;
/** A conv, its spectral norm, its own statistics and an activation. */
export const LAYER = 1e-5;
/** Times are sums of milliseconds. */
export const MILLISECONDS = 1e-6;
/** Weights of files are compared relative to themselves, smaller ones to this. */
export const SMALL_WEIGHT = 1e-3;

/** Central differences in float64: the step whose square (the formula's error) and inverse (that of rounding) are both small. */
export const CENTRAL_STEP = 1e-5;
/** And their error, of gradients below 1; of larger ones relative. */
export const CENTRAL_ERROR = 1e-6;
