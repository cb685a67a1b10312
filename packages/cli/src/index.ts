/** What other packages may use of the command: the shape of its JSON. */
export type { DoctorReport, FeatureReport } from './doctor-report.ts';
