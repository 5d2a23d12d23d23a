/**
 * Codes of Modality (0008,0060) and View Position (0018,5101) that may be said of a file: those that the standard lists,
 * retired ones among them.
 *
 * @module DICOM PS3.3 section C.7.3.1.1.1, C.8.1.1 and C.8.11.5, https://dicom.nema.org/medical/dicom/current/output/html/part03.html
 */

const LISTED: ReadonlySet<string> = new Set(
  [
    'ANN AR AS ASMT AU BDUS BI BMD CD CF CFM CP CR CS CT CTPROTOCOL DD DF DG DM DMS DOC DS DX EC ECG EEG EMG EOG EPS ES',
    'FA FID FS GM HC HD IO IOL IVOCT IVUS KER KO LEN LP LS M3D MA MG MR MS NM OAM OCT OP OPM OPR OPT OPTBSV OPTENF OPV',
    'OSS OT PA PLAN POS PR PT PX REG RESP RF RG RTDOSE RTIMAGE RTINTENT RTPLAN RTRAD RTRECORD RTSEGANN RTSTRUCT RWV SEG',
    'SM SMR SR SRF ST STAIN TEXTUREMAP TG US VA VF XA XAPROTOCOL XC',
  ].flatMap(line => line.split(' ')),
)

/** The code of a header, where it is one that may be said; a file that lies has a name in its place. */
export function shownModality(code: string | undefined): string | undefined {
  return code !== undefined && LISTED.has(code) ? code : undefined
}

const VIEWS: ReadonlySet<string> = new Set('AP PA LL RL RLD LLD RLO LLO'.split(' '))

/** The view of a header, where it is one that may be said. */
export function shownView(code: string | undefined): string | undefined {
  return code !== undefined && VIEWS.has(code) ? code : undefined
}
