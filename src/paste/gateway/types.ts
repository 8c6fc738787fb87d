export type Application = (request: Request) => Response | Promise<Response>;
export type Filter = (app: Application) => Application;
export interface RunningServer {
  readonly urls: readonly string[];
  close(graceMs?: number): Promise<void>;
  readonly closed: Promise<void>;
}
export type ServerRunner = (app: Application) => Promise<RunningServer>;
