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
/** The same with statistics that are not synchronised: at least. */
export const PEERS_UNSYNCED = 1e-2;
