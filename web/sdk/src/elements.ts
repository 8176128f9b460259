import { HeadwaterPlayer } from "./player-element.ts";
import { HeadwaterPublisher } from "./publisher-element.ts";

export { HeadwaterPlayer, HeadwaterPublisher };

declare global {
  interface HTMLElementTagNameMap {
    "headwater-player": HeadwaterPlayer;
    "headwater-publisher": HeadwaterPublisher;
  }
}

customElements.define("headwater-player", HeadwaterPlayer);
customElements.define("headwater-publisher", HeadwaterPublisher);
