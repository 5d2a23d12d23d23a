/** Limits of study documents: a document comes from another hospital, so every field is bounded. @module */

/** The only supported version of documents. */
export const STUDY_VERSION = 2

/** Longest document: one of 100 hospitals with all their addresses is well below it. */
export const STUDY_BYTES_MAX = 1 << 20

export const HOSPITALS_MIN = 3
export const HOSPITALS_MAX = 100
export const ADDRESSES_MAX = 8
export const ADDRESS_CHARACTERS_MAX = 256
/** The longest text in a study is an address. */
export const STRING_BYTES_MAX = 4 * ADDRESS_CHARACTERS_MAX
export const NAME_CHARACTERS_MAX = 80

export const ROUNDS_MAX = 100_000
/** Most stretches of rounds of one kind. */
export const SCHEDULE_MAX = 4096
/** Candidates of a search: each takes rounds of its own, and the more there are, the more the best score owes to chance. */
export const SEARCH_CANDIDATES_MIN = 2
export const SEARCH_CANDIDATES_MAX = 8
export const LOCAL_STEPS_MAX = 1000
/** Nominal units of privacy, or records, over all hospitals. */
export const UNITS_MAX = 1_000_000_000
/** Times the expected pull of all units that a sum may have. */
export const INFLUENCE_MIN = 1
export const INFLUENCE_MAX = 1000
export const INFLUENCE_DEFAULT = 1.5
/** Most hospitals that a study may promise its epsilon for, where all of them have the same unit. */
export const STUDY_COPIES_MAX = 5
export const CLASSES_MAX = 1000
export const IMAGE_SIDE_MAX = 1024
export const IMAGE_CHANNELS_MAX = 16
/** Most kinds of DICOM files that one study takes. */
export const MODALITIES_MAX = 16
/** Most views of DICOM files that one study takes. */
export const VIEW_POSITIONS_MAX = 16
export const VECTOR_LENGTH_MAX = 1_000_000
/** Most columns with bounds: a study document is read in one piece. */
export const BOUNDS_MAX = 4096
export const BOUND_ABS_MAX = 1e12
export const LABELS_MAX = 1000
export const CATEGORIES_MAX = 256
/** Most texts that mean a missing value. */
export const ABSENT_MAX = 32
export const SOUND_FRAMES_MAX = 4096
export const SOUND_BANDS_MAX = 256
export const SOUND_RATE_MAX = 192_000
export const SOUND_WINDOW_MAX = 8192
export const TEXT_ENTRIES_MAX = 1 << 16
export const TEXT_WORDS_MAX = 3
export const LAYERS_MAX = 16
export const LAYER_WIDTH_MAX = 65_536
/** Frames that one filter of a conv1d sees. */
export const CONVOLUTION_TAPS_MAX = 64
export const SCATTERING_SCALES_MAX = 5
export const SCATTERING_ANGLES_MAX = 16
/** Most views of one record: they fit into one pass of the tensor engine. */
export const IMAGE_VIEWS_MAX = 64

/** The sample rate is the rational a / 2^32, so that every hospital draws with exactly the same probability. */
export const SAMPLE_RATE_ONE = 2 ** 32

export const CLIPPING_NORM_MIN = 1e-6
export const CLIPPING_NORM_MAX = 1e6
export const STUDY_NOISE_MULTIPLIER_MIN = 0.05
export const STUDY_NOISE_MULTIPLIER_MAX = 10_000
export const DELTA_MIN = 1e-15
export const DELTA_MAX = 0.01
export const EPSILON_MIN = 0.001
export const EPSILON_MAX = 1000
export const LEARNING_RATE_MAX = 1000

/** Above this epsilon a study shows a warning: the literature usually calls it weak. */
export const EPSILON_WEAK = 10

/** Shortest timeout of a study: a message crosses a network and is fsynced before it is answered. */
export const TIMEOUT_MS_MIN = 100

/** Longest timer of a study. */
export const TIMER_MS_MAX = 24 * 3600 * 1000
export const BANDWIDTH_MIN_MIN = 1000
export const BANDWIDTH_MIN_MAX = 1e12

/** Bins of the scores in an evaluation: more have too few units beside the noise. */
export const EVALUATION_BINS_MIN = 2
export const EVALUATION_BINS_MAX = 64
/** Values of a column that an evaluation counts apart: the noise of all together grows with the square root of the groups. */
export const SUBGROUPS_MIN = 2
export const SUBGROUPS_MAX = 8
/** Of a table: a unit's norm grows with the columns, and with it the noise of all of them. */
export const TABLE_COLUMNS_MAX = 256
/** Bins of a column of a table. */
export const TABLE_BINS_MIN = 2
export const TABLE_BINS_MAX = 128
/** Largest part of its units that a hospital holds back, as a / 2^32. */
export const HELD_BACK_SHARE_MAX = SAMPLE_RATE_ONE / 2
/** Smallest part: below, most hospitals hold back nobody. */
export const HELD_BACK_SHARE_MIN = Math.ceil(SAMPLE_RATE_ONE / 1000)
